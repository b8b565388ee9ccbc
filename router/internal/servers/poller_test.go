package servers

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// A server's load is unknown, never zero, until it has answered and from loadLife after its last answer on.
func TestLoadIsUnknownUntilAnswered(t *testing.T) {
	inBubble(t, nil, func(s *bed) {
		want := func(when string, load lookup.Load, known bool) {
			t.Helper()
			if got, ok := s.poller.Load("game-1"); got != load || ok != known {
				t.Errorf("%s: load %+v, known %v; want %+v, %v", when, got, ok, load, known)
			}
		}
		m := membership.Member{Name: "game-1", Boot: "1", Role: membership.GameServer, State: membership.Serving, URL: "http://game-1"}
		want("no member", lookup.Load{}, false)
		s.source.Set(m)
		synctest.Wait()
		want("no answer yet", lookup.Load{}, false)
		if p := s.poller.All()["game-1"]; p.Reachable() || p.Err == nil {
			t.Errorf("it is %+v, want an error", p)
		}
		s.answer("game-1", summaryPath, `{"rooms":7,"players":50,"busy":300}`)
		time.Sleep(maxPollInterval * 2)
		known := lookup.Load{Rooms: 7, Players: 50, Busy: 300}
		want("answered", known, true)
		s.answer("game-1", summaryPath, "")
		time.Sleep(2 * PollInterval)
		want("silent for a moment", known, true)
		time.Sleep(loadLife)
		want("silent for long", lookup.Load{}, false)
		s.answer("game-1", summaryPath, `{"rooms":7,"players":50,"busy":300}`)
		time.Sleep(maxPollInterval * 2)
		want("answers again", known, true)

		// The next process of the name begins unknown, and one that has left is forgotten.
		s.answer("game-1", summaryPath, "")
		m.Boot = "2"
		s.source.Set(m)
		synctest.Wait()
		want("restarted", lookup.Load{}, false)
		s.source.Set()
		synctest.Wait()
		if all := s.poller.All(); len(all) > 0 {
			t.Errorf("%v is remembered of no members", all)
		}
	})
}

// A server that does not answer is asked less often.
func TestPollerBacksOff(t *testing.T) {
	inBubble(t, []membership.ServerName{"game-1", "game-2"}, func(s *bed) {
		s.answer("game-2", summaryPath, "")
		time.Sleep(time.Minute)
		s.requests("game-1", summaryPath)
		s.requests("game-2", summaryPath)
		time.Sleep(time.Minute)
		if n := s.requests("game-1", summaryPath); n < 54 || n > 67 {
			t.Errorf("a server that answers is asked %d times a minute", n)
		}
		if n := s.requests("game-2", summaryPath); n < 13 || n > 17 {
			t.Errorf("a server that does not answer is asked %d times a minute", n)
		}
	})
}

// bed is a poller that runs in a bubble; the servers that it asks are texts.
type bed struct {
	source *membership.Static
	poller *Poller
	texts  *fake.Texts
}

func (s *bed) answer(server, path, text string) { s.texts.Answer(server, path, text) }

func (s *bed) requests(server, path string) int { return s.texts.Requests(server, path) }

const summaryPath = "/v1/server"

// inBubble runs f in a bubble with a poller that runs. Its servers are named; each answers {} until told otherwise.
func inBubble(t *testing.T, names []membership.ServerName, f func(s *bed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &bed{texts: fake.NewTexts()}
		s.source = membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving}, s.texts.Servers(names...)...)
		table := lookup.NewTable(s.source)
		client := NewClient(Dialer{Network: s.texts}, table)
		s.poller = NewPoller(table, client, func(context.Context, membership.Member, string, bool) bool { return true }) // servers that exchange no bans count as well
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { s.poller.Run(ctx) })
		synctest.Wait()
		f(s)
		stop()
		running.Wait()
		client.Close()
	})
}
