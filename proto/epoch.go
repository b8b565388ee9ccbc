package proto

import (
	"fmt"
	"strconv"
)

// Instance names one life of a room id: a random number drawn when the room is created. It is part of the room's state,
// so it stays the same through every handoff and failover. 0 is no instance.
type Instance uint64

// String gives 16 hexadecimal digits.
func (i Instance) String() string { return fmt.Sprintf("%016x", uint64(i)) }

// MarshalText gives what String does, so that an Instance is a string in JSON.
func (i Instance) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText gives: exactly 16 hexadecimal digits.
func (i *Instance) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil || len(text) != 16 {
		return fmt.Errorf("instance %q: want 16 hexadecimal digits", text)
	}
	*i = Instance(n)
	return nil
}

// Epoch names one server's term as the leader of one instance of a room. Epochs of one instance are ordered by counter
// and then by server, so two servers that take over at the same time never hold equal epochs. Epochs of two instances
// have no order. The zero Epoch means "none".
type Epoch struct {
	Instance Instance
	Counter  uint32
	Server   string // the stable name of the server that leads in this epoch
}

// Less reports whether e is before o, by counter and then by server name. It ignores the instances, so its answer means
// something only for epochs of one instance, or where one of the two is zero. Use Supersedes where they may differ.
func (e Epoch) Less(o Epoch) bool {
	if e.Counter != o.Counter {
		return e.Counter < o.Counter
	}
	return e.Server < o.Server
}

// Supersedes reports whether e is a later epoch of the instance that o is of.
func (e Epoch) Supersedes(o Epoch) bool { return e.Instance == o.Instance && o.Less(e) }

// Next is the epoch of the same instance in which server leads after e.
func (e Epoch) Next(server string) Epoch { return Epoch{e.Instance, e.Counter + 1, server} }

// String gives instance:counter@server.
func (e Epoch) String() string { return fmt.Sprintf("%v:%d@%s", e.Instance, e.Counter, e.Server) }
