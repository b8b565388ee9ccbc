package replication

import (
	"fmt"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Kinds of the records that carry queries. Each begins with the number of the query, which the dialler chose.
const (
	kindQuery      proto.Kind = 0x84
	kindAnswer     proto.Kind = 0x85
	kindRelay      proto.Kind = 0x86
	kindForwarded  proto.Kind = 0x87
	kindUnanswered proto.Kind = 0x88
)

// query asks what the acceptor has of a room.
type query struct {
	ID uint64
	ownership.Query
}

// relay asks the acceptor to forward Query to Target, which has Wait to answer.
type relay struct {
	ID     uint64
	Target string
	Wait   time.Duration // milliseconds on the wire, at most forwardTimeout
	ownership.Query
}

// forwarded is a query that Asker has sent through the dialler. It names no target: it is not forwarded again.
type forwarded struct {
	ID    uint64
	Asker string
	ownership.Query
}

// answer to the query, relay or forwarded record of the same ID.
type answer struct {
	ID uint64
	ownership.Answer
}

// unanswered is the answer to a relay record whose target has not answered.
type unanswered struct {
	ID   uint64
	Code relayCode
	Text string // for the log
}

func (m *query) fields(c *codec) {
	number(c, &m.ID)
	c.query(&m.Query)
}

func (m *relay) fields(c *codec) {
	number(c, &m.ID)
	c.name(&m.Target)
	if c.span(&m.Wait, time.Millisecond); m.Wait > forwardTimeout {
		c.fail(fmt.Errorf("wait of %v, at most %v are allowed: %w", m.Wait, forwardTimeout, proto.ErrRange))
	}
	c.query(&m.Query)
}

func (m *forwarded) fields(c *codec) {
	number(c, &m.ID)
	c.name(&m.Asker)
	c.query(&m.Query)
}

func (c *codec) query(q *ownership.Query) {
	c.room(&q.Room)
	c.flag(&q.Claim)
	c.instance(&q.Lost)
	c.instance(&q.Seeks)
	c.instance(&q.Instance)
	c.epoch(&q.Withdrawn)
	c.epoch(&q.Leads)
}

func (m *answer) fields(c *codec) {
	number(c, &m.ID)
	c.name(&m.Process.Server)
	number(c, &m.Process.Boot)
	octet(c, &m.Holding, ownership.Leading)
	c.flags(&m.Counted, &m.Suspended, &m.Announced)
	c.epoch(&m.Epoch)
	c.name(&m.Leader)
	c.tick(&m.Tick)
	c.span(&m.Sought, time.Millisecond)
	c.span(&m.Away, time.Millisecond)
	c.span(&m.Age, time.Millisecond)
}

func (m *unanswered) fields(c *codec) {
	number(c, &m.ID)
	octet(c, &m.Code, relayCodes-1)
	c.reason(&m.Text)
}
