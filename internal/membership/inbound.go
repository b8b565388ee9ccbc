package membership

import (
	"cmp"
	"errors"
	"net"
	"sync"

	"github.com/ringside-go/ringside/internal/network"
)

const (
	// DefaultStreams bounds the inbound streams that are open at once, DefaultStreamsPerAddress those of one address. A stream
	// of a member ends within milliseconds; on one machine a whole fleet shares an address.
	DefaultStreams           = 256
	DefaultStreamsPerAddress = 64
	// maxInboundBytes bounds what all open inbound streams have brought together, in bytes. memberlist holds a stream in memory,
	// up to 20 MiB, before it knows whether the sender has the key. To one that joins, a member takes about 480 bytes, so this is the
	// state of 4,000.
	maxInboundBytes = 2 << 20
)

// refusedBytes is told of a stream that was closed because it had brought the most when maxInboundBytes were reached.
const refusedBytes = "bytes"

var errInbound = errors.New("inbound gossip streams have brought too many bytes at once")

// inbound bounds the inbound streams. Its methods may be called from any goroutine.
type inbound struct {
	pending *network.Pending
	refused func(reason string)

	mu    sync.Mutex
	open  map[*inboundStream]struct{}
	bytes int // that open has brought
}

func newInbound(c Config) *inbound {
	refused := c.Refused
	if refused == nil {
		refused = func(string) {}
	}
	return &inbound{open: make(map[*inboundStream]struct{}), refused: refused,
		pending: network.NewPending(cmp.Or(c.Streams, DefaultStreams), cmp.Or(c.StreamsPerAddress, DefaultStreamsPerAddress), refused)}
}

func (i *inbound) add(conn net.Conn) net.Conn {
	s := &inboundStream{Conn: conn, in: i}
	s.place = i.pending.Add(conn)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.open[s] = struct{}{}
	return s
}

// inboundStream is a stream that counts what it reads until it is closed.
type inboundStream struct {
	net.Conn
	in    *inbound
	place *network.PendingConn
	bytes int // guarded by in.mu
}

// Read fails once this stream has brought the most of too many bytes.
func (s *inboundStream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if err == nil && !s.in.count(s, n) {
		return 0, errInbound
	}
	return n, err
}

// Close ends the count of the stream.
func (s *inboundStream) Close() error {
	s.place.Done()
	s.in.mu.Lock()
	s.in.forget(s)
	s.in.mu.Unlock()
	return s.Conn.Close()
}

// count counts n bytes of s; false: s was closed for them. The stream that has brought the most is closed first.
func (i *inbound) count(s *inboundStream, n int) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, open := i.open[s]; !open {
		return false
	}
	s.bytes += n
	i.bytes += n
	for i.bytes > maxInboundBytes {
		most := s
		for other := range i.open {
			if other.bytes > most.bytes {
				most = other
			}
		}
		i.forget(most)
		_ = most.Conn.Close()
		i.refused(refusedBytes)
	}
	_, open := i.open[s]
	return open
}

// forget ends the count of s. Called with mu held, and more than once.
func (i *inbound) forget(s *inboundStream) {
	if _, open := i.open[s]; open {
		delete(i.open, s)
		i.bytes -= s.bytes
	}
}
