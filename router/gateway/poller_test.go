package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// A server's load is unknown, never zero, until it has answered and from loadLife after its last answer on.
func TestLoadIsUnknownUntilAnswered(t *testing.T) {
	inBubble(t, nil, func(s *testbed) {
		want := func(when string, load lookup.Load, known bool) {
			t.Helper()
			if got, ok := s.front.poller.load("game-1"); got != load || ok != known {
				t.Errorf("%s: load %+v, known %v; want %+v, %v", when, got, ok, load, known)
			}
		}
		m := membership.Member{Name: "game-1", Boot: "1", Role: membership.GameServer, State: membership.Serving, URL: "http://game-1"}
		want("no member", lookup.Load{}, false)
		s.source.Set(m)
		synctest.Wait()
		want("no answer yet", lookup.Load{}, false)
		if p := s.front.poller.all()["game-1"]; p.reachable() || p.err == nil {
			t.Errorf("it is %+v, want an error", p)
		}
		s.answer("game-1", summaryPath, `{"rooms":7,"players":50,"busy":300}`)
		time.Sleep(maxPollInterval * 2)
		known := lookup.Load{Rooms: 7, Players: 50, Busy: 300}
		want("answered", known, true)
		s.answer("game-1", summaryPath, "")
		time.Sleep(2 * pollInterval)
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
		if all := s.front.poller.all(); len(all) > 0 {
			t.Errorf("%v is remembered of no members", all)
		}
	})
}

// A server that does not answer is asked less often.
func TestPollerBacksOff(t *testing.T) {
	inBubble(t, []membership.ServerName{"game-1", "game-2"}, func(s *testbed) {
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
