package goclient

import (
	"context"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

// searchInterval is the time from the beginning of one round of a search to the next, and the limit for one place: longer
// than a standby takes to answer, and short enough for a player who waits.
const searchInterval = 2 * time.Second

// search looks for a suspended room at other places while the client keeps its connection. It is a goroutine, which reads
// what the client knew when the room was suspended, and ends when the room is found or the search is stopped.
type search struct {
	config  *Config
	stats   *counters
	hello   proto.Hello
	here    string // the URL that the client is connected to
	server  string // the server there
	request Request
	places  []place

	cancel     context.CancelFunc
	done       chan struct{} // closed when the goroutine has ended; from then on what is below can be read
	to         place
	link       *link            // on which the room's welcome has come; nil: not found
	first      *gws.Message     // with the welcome
	unanswered bool             // a hello was given up before the server answered
	strange    chan proto.Epoch // of a welcome of another instance; holds one, later ones are dropped
}

// stop ends the search and waits for its goroutine.
func (s *search) stop() {
	s.cancel()
	<-s.done
}

// run searches in rounds until ctx ends, or until the room is found: then it closes old, the connection to the suspended room.
func (s *search) run(ctx context.Context, old *link) {
	defer close(s.done)
	for wait := proto.SuspendedSearch; sleep(ctx, wait) == nil; {
		begun := time.Now()
		if s.round(ctx) {
			old.close()
			return
		}
		wait = searchInterval - time.Since(begun)
	}
}

// round tries each place once and follows moved messages. It reports whether the room is found.
func (s *search) round(ctx context.Context) bool {
	tried := map[string]bool{s.here: true}
	hops := 0
	for queue := s.places; len(queue) > 0 && ctx.Err() == nil; {
		to := queue[0]
		queue = queue[1:]
		if to == router {
			if to = s.findRoom(ctx); to == router {
				continue
			}
		}
		if tried[to.url] {
			continue
		}
		tried[to.url] = true
		moved := s.visit(ctx, to)
		if s.link != nil {
			return true
		}
		if moved != nil && moved.Server != s.server && hops < maxHops {
			hops++
			queue = append([]place{{moved.URL, moved.Ticket}}, queue...)
		}
	}
	return false
}

// findRoom asks the router where the room is. It gives router when there is no answer.
func (s *search) findRoom(ctx context.Context) place {
	if s.config.Router == "" {
		return place{s.config.URL, s.config.Ticket}
	}
	ctx, cancel := context.WithTimeout(ctx, searchInterval)
	defer cancel()
	a, err := ask(ctx, *s.config, s.request, false)
	if err != nil {
		s.failed(s.config.Router, err)
		return router
	}
	return place{a.URL, a.Ticket}
}

// visit says hello at one place. The room is found there if link is set afterwards. Otherwise moved is where the place sent
// the client, or nil.
func (s *search) visit(ctx context.Context, to place) (moved *proto.Moved) {
	ctx, cancel := context.WithTimeout(ctx, searchInterval)
	defer cancel()
	l, err := open(ctx, s.config, to.url, s.stats)
	if err != nil {
		s.failed(to.url, err)
		return nil
	}
	unhook := context.AfterFunc(ctx, l.close)
	hello := s.hello
	if to.ticket != "" {
		hello.Ticket = to.ticket
	}
	if err = l.write(hello.Append(nil)); err == nil {
		moved, err = s.listen(l)
	}
	switch {
	case s.first != nil && unhook():
		s.to, s.link = to, l
		return nil
	case s.first != nil: // its time was over at this very moment
		s.first.Close()
		s.first, s.unanswered = nil, true
	case err != nil && closeCode(err) == 0:
		s.unanswered = true
	}
	unhook()
	l.close()
	if err != nil {
		s.failed(to.url, err)
	}
	return moved
}

// listen reads the answer to a hello: first is set if it lets the client into its room.
func (s *search) listen(l *link) (*proto.Moved, error) {
	for {
		m, err := l.read()
		if err != nil {
			return nil, err
		}
		for b := m.Bytes(); len(b) > 0; {
			kind, body, rest, err := proto.NextRecord(b)
			if err != nil {
				break
			}
			b = rest
			switch kind {
			case proto.KindMoved:
				moved, err := proto.ParseMoved(body)
				m.Close()
				return &moved, err
			case proto.KindWelcome:
				if s.continues(body) {
					s.first = m
					return nil, nil
				}
				m.Close()
				return nil, errLost
			}
		}
		m.Close()
	}
}

// continues reports whether a welcome is one into the room that was suspended.
func (s *search) continues(body []byte) bool {
	w, err := proto.ParseWelcome(body)
	if err != nil || !s.config.versions.Has(w.Version) {
		return false
	}
	if w.Epoch.Instance != s.hello.Epoch.Instance {
		select {
		case s.strange <- w.Epoch:
		default:
		}
		return false
	}
	return true
}

func (s *search) failed(at string, err error) {
	s.config.Logger.Debug("suspended room not found", "room", s.request.Room, "at", at, "error", err)
}
