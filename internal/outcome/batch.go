package outcome

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ringside-go/ringside/proto"
)

// Entry is an outcome on its way to the store: the body, and the epoch in which the sender decided it or took it over.
type Entry struct {
	Epoch Epoch `json:"epoch"`
	// From is the match that was being played when the sender began to lead in Epoch. Earlier ones were decided by leaders before
	// it, whose word on them still counts.
	From uint32          `json:"from"`
	Body json.RawMessage `json:"body"`
}

// Epoch is a proto.Epoch without the instance, which the body names.
type Epoch struct {
	Counter uint32 `json:"counter"`
	Server  string `json:"server"`
}

// Less orders the epochs of one instance.
func (e Epoch) Less(o Epoch) bool {
	return proto.Epoch{Counter: e.Counter, Server: e.Server}.Less(proto.Epoch{Counter: o.Counter, Server: o.Server})
}

// Check says what is wrong with an epoch that another process sent.
func (e Epoch) Check() error {
	if e.Server == "" || len(e.Server) > proto.MaxServerName {
		return fmt.Errorf("%w: epoch server %.80q; 1 to %d bytes are allowed", ErrInvalid, e.Server, proto.MaxServerName)
	}
	return checkName("epoch server", e.Server)
}

// Batch is what a game server posts.
type Batch struct {
	Entries []Entry `json:"entries"` // at most MaxBatch
}

// Verdict is what the store says of one entry. All but Invalid are final: the sender need not send the entry again.
type Verdict string

// The verdicts.
const (
	// Stored: the outcome is durable with this body, now or since earlier. Announce it.
	Stored Verdict = "stored"
	// Conflict: the id is durable with another body, which Answer.Stored holds. The sender was not the only leader: it steps down.
	Conflict Verdict = "conflict"
	// Fenced: a higher epoch of the instance has written, which began with this match or an earlier one. The sender leads no longer:
	// it steps down.
	Fenced Verdict = "fenced"
	// Invalid: this router cannot take the entry. It is a fault of the sender's code, or the sender is newer than the router:
	// the sender keeps the entry, goes on with others, and tries again later. The router keeps the body apart, for people.
	Invalid Verdict = "invalid"
)

// Answer is the store's word on one entry. Answers come in the order of the batch.
type Answer struct {
	Verdict Verdict         `json:"verdict"`
	Seq     int64           `json:"seq,omitempty"`    // place in the store's order; Stored and Conflict
	Stored  json.RawMessage `json:"stored,omitempty"` // Conflict: the body that counts
	Epoch   Epoch           `json:"epoch,omitzero"`   // Fenced: the epoch that counts. Conflict: likewise, if it is higher
	Reason  string          `json:"reason,omitempty"` // Invalid: what is wrong
}

// Takeover tells the store that a leader has taken over an instance.
type Takeover struct {
	Instance proto.Instance `json:"instance"`
	Epoch    Epoch          `json:"epoch"`
	From     uint32         `json:"from"` // as in Entry
}

// TakeoverAnswer answers a Takeover.
type TakeoverAnswer struct {
	OK    bool  `json:"ok"`    // the epoch is the highest of its instance
	Epoch Epoch `json:"epoch"` // the highest
}

// Answers answers a Batch.
type Answers struct {
	Answers []Answer `json:"answers"`
}

// Encode gives the JSON of a message that holds bodies. json.Marshal would escape characters in them, and so change them.
func Encode(message any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(message); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
