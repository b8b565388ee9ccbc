package room

import (
	"sync"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// instances finds the room that an answer of the results store is for. Its lock is held for a map access.
type instances struct {
	mu sync.Mutex
	by map[proto.Instance]*Room
}

func (s *instances) add(r *Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[proto.Instance]*Room{}
	}
	s.by[r.instance] = r
}

// remove takes r out, unless another room of this instance has taken its place.
func (s *instances) remove(r *Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[r.instance] == r {
		delete(s.by, r.instance)
	}
}

func (s *instances) find(i proto.Instance) *Room {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[i]
}

// Spooled says that Config.Results keeps these outcomes whatever becomes of their rooms. From any goroutine; it does not block.
func (p *Pool) Spooled(ids []outcome.ID) {
	for _, id := range ids {
		if r := p.instances.find(id.Instance); r != nil {
			r.queueSpooled(id.Match)
		}
	}
}

// Answered brings the store's answer to a body, to the room if it is led here. From any goroutine; it does not block.
func (p *Pool) Answered(id outcome.ID, body []byte, a outcome.Answer) {
	if r := p.instances.find(id.Instance); r != nil {
		r.queueAnswer(id, body, a)
	}
}
