package replication

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
)

const (
	ipC   = "10.0.0.3"
	addrC = ipC + ":7000"
)

// relayed is a fleet with a third server: a asks c through b.
type relayed struct {
	*fleet
	c      *Links
	asked  chan string // "asker: room" of each query that c hears
	breaks bool        // c closes its links instead of answering
}

// simulateRelay runs test in a bubble. b knows the addresses in lookup.
func simulateRelay(t *testing.T, lookup map[string]string, test func(*relayed)) {
	prepare := func(f *fleet) {
		f.lookup = func(server string) (string, bool) { addr, ok := lookup[server]; return addr, ok }
	}
	simulate(t, prepare, func(f *fleet) {
		r := &relayed{fleet: f, asked: make(chan string, 1000)}
		config := f.config
		config.Listen, config.Name, config.Network = addrC, "c", f.net.Host(ipC)
		ctx, cancel := context.WithCancel(f.t.Context())
		var stopped sync.WaitGroup
		r.c = f.start(ctx, &stopped, config, rooms(func(asker string, q ownership.Query) ownership.Answer {
			r.asked <- fmt.Sprintf("%s: %s", asker, q.Room)
			if r.breaks {
				r.c.mu.Lock()
				defer r.c.mu.Unlock()
				for nc := range r.c.open {
					nc.Close()
				}
			}
			return testAnswer
		}))
		test(r)
		cancel()
		stopped.Wait()
	})
}

// through asks c through b within d.
func (r *relayed) through(d time.Duration) (ownership.Answer, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), d)
	defer cancel()
	return r.a.QueryThrough(ctx, "b", addrB, "c", testQuery)
}

var addresses = map[string]string{"a": ipA + ":7000", "b": addrB, "c": addrC}

// A server that is cut off from the target has its answer through a third one. The target hears who asks.
func TestQueryThrough(t *testing.T) {
	simulateRelay(t, addresses, func(r *relayed) {
		r.net.Partition([]string{ipA}, []string{ipC})
		got, err := r.through(time.Second)
		want := testAnswer
		want.Process = ownership.Process{Server: "c", Boot: r.c.Process()}
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if by := <-r.asked; by != "a: r1" {
			t.Errorf("the target was asked by %q", by)
		}
		r.net.Heal()
	})
}

// The error says whether the target or the relay is silent, what the relay has found, and whether it has tried at all.
func TestQueryThroughFails(t *testing.T) {
	toC := func(r *relayed) ([]string, []string) { return []string{ipB}, []string{ipC} }
	for name, c := range map[string]struct {
		prepare func(r *relayed)
		lookup  map[string]string
		want    []error
		not     error
	}{
		"refused": {func(r *relayed) { r.net.Refuse(toC(r)) }, addresses, []error{ErrUnreachable, ErrRefusedDial}, ErrGone},
		"silent":  {func(r *relayed) { r.net.Cut(toC(r)) }, addresses, []error{ErrUnreachable, ErrTimeout}, ErrRelay},
		"silent with a link": {func(r *relayed) {
			r.through(time.Second)
			r.net.Partition(toC(r))
		}, addresses, []error{ErrUnreachable, ErrTimeout}, ErrRelay},
		"another server": {func(*relayed) {}, map[string]string{"c": ipA + ":7000"}, []error{ErrUnreachable, ErrGone}, ErrRelay},
		"cannot dial":    {func(r *relayed) { f, to := toC(r); r.net.FailDials(f, to, 24 /* EMFILE */) }, addresses, []error{ErrRelay}, ErrUnreachable},
		"unknown":        {func(*relayed) {}, nil, []error{ErrRelay}, ErrUnreachable},
		"relay refuses":  {func(r *relayed) { r.net.Refuse([]string{ipA}, []string{ipB}) }, addresses, []error{ErrRefusedDial}, ErrUnreachable},
		"relay silent":   {func(r *relayed) { r.net.Cut([]string{ipA}, []string{ipB}) }, addresses, []error{ErrTimeout}, ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			simulateRelay(t, c.lookup, func(r *relayed) {
				c.prepare(r)
				_, err := r.through(time.Second)
				for _, want := range c.want {
					if !errors.Is(err, want) {
						t.Errorf("got %v, want %v", err, want)
					}
				}
				if errors.Is(err, c.not) {
					t.Errorf("%v is %v", err, c.not)
				}
				time.Sleep(2 * time.Second) // dials end
				r.net.Heal()
			})
		})
	}
}

// A query that was forwarded once is answered by whoever gets it. Two servers that take each other for the target do not
// forward it forever.
func TestForwardedOnce(t *testing.T) {
	simulateRelay(t, map[string]string{"c": addrC}, func(r *relayed) {
		for _, via := range []*Links{r.b, r.c} {
			via.id.name = "c" // both claim to be the target
		}
		if got, err := r.a.QueryThrough(r.t.Context(), "c", addrB, "c", testQuery); err != nil || got.Process.Boot != r.c.Process() {
			t.Errorf("got %+v, %v", got, err)
		}
		if len(r.asked) != 1 {
			t.Errorf("the target was asked %d times", len(r.asked))
		}
	})
}

// At most maxForwards queries are forwarded at one time. One more is refused at once, and the link goes on.
func TestForwardsAreBounded(t *testing.T) {
	simulateRelay(t, addresses, func(r *relayed) {
		r.net.Cut([]string{ipB}, []string{ipC})
		var mu sync.Mutex
		var silent, untried int
		var wg sync.WaitGroup
		for range maxForwards + 10 {
			wg.Go(func() {
				_, err := r.through(time.Second)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, ErrUnreachable) && errors.Is(err, ErrTimeout):
					silent++
				case errors.Is(err, ErrRelay) && strings.Contains(err.Error(), "1024 queries are being forwarded already"):
					untried++
				default:
					t.Error(err)
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		mu.Lock()
		if untried != 10 || silent != 0 {
			t.Errorf("after 0.1 s %d queries were refused and %d have failed; want 10 and 0", untried, silent)
		}
		mu.Unlock()
		if _, err := r.a.Query(r.t.Context(), "b", addrB, testQuery); err != nil {
			t.Error("the relay does not answer a query of its own:", err)
		}
		wg.Wait()
		if silent != maxForwards {
			t.Errorf("%d were silent, want %d", silent, maxForwards)
		}
		time.Sleep(2 * time.Second)
		r.net.Heal()
		if _, err := r.through(time.Second); err != nil {
			t.Error("places are not given back:", err)
		}
	})
}

// A relay asks twice when its link to the target breaks. The asker does not ask it again.
func TestBrokenAtTheRelay(t *testing.T) {
	simulateRelay(t, addresses, func(r *relayed) {
		r.breaks = true
		if _, err := r.through(time.Second); !errors.Is(err, ErrUnreachable) || !errors.Is(err, ErrBroken) {
			t.Errorf("got %v, want ErrUnreachable and ErrBroken", err)
		}
		if len(r.asked) != 2 {
			t.Errorf("the target was asked %d times, want 2", len(r.asked))
		}
	})
}

// A relay that stops ends its forwarding.
func TestForwardingEndsWithTheLinks(t *testing.T) {
	simulateRelay(t, addresses, func(r *relayed) {
		r.net.Cut([]string{ipB}, []string{ipC})
		done := make(chan error, 1)
		go func() {
			_, err := r.through(time.Second)
			done <- err
		}()
		time.Sleep(100 * time.Millisecond)
		r.b.Close()
		if err := <-done; errors.Is(err, ErrUnreachable) {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		r.net.Heal()
	})
}

// Each error of a forwarded query comes to the asker as what the relay has found.
func TestRelayCodes(t *testing.T) {
	for err, code := range map[error]relayCode{
		ErrGone: relayGone, ErrRefusedDial: relayRefusedDial, ErrTimeout: relayTimeout, ErrBroken: relayBroken,
		ErrIncompatible: relayIncompatible, ErrLocal: relayUntried, ErrBusy: relayUntried, ErrStopped: relayUntried,
	} {
		if got := codeOf(fmt.Errorf("query: %w", err)); got != code {
			t.Errorf("%v has code %d, want %d", err, got, code)
		}
		told := unanswered{Code: code}.err()
		if tried := code != relayUntried; errors.Is(told, err) != tried || errors.Is(told, ErrUnreachable) != tried || errors.Is(told, ErrRelay) == tried {
			t.Errorf("%v is told as %v", err, told)
		}
	}
}
