package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// resultsStore is the results store of all routers of a fleet, in memory, with the rules of the real one. It implements
// front.Results.
type resultsStore struct {
	history *History

	mu        sync.Mutex
	down      bool
	bodies    map[outcome.ID]string
	fences    map[proto.Instance]map[outcome.Epoch]uint32 // from which match on
	conflicts int
	fenced    int
}

func newResultsStore(h *History) *resultsStore {
	return &resultsStore{history: h, bodies: map[outcome.ID]string{}, fences: map[proto.Instance]map[outcome.Epoch]uint32{}}
}

// setDown makes the store fail, or answer again.
func (s *resultsStore) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
	s.history.note("the results store fails: %v", down)
}

func (s *resultsStore) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (s *resultsStore) Public(func(*http.Request) (bool, string, error)) http.Handler {
	return http.NotFoundHandler()
}

func (s *resultsStore) Internal() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /internal/v1/outcomes", func(w http.ResponseWriter, r *http.Request) {
		var batch outcome.Batch
		answer(w, r, s, &batch, func() any {
			var a outcome.Answers
			for _, e := range batch.Entries {
				a.Answers = append(a.Answers, s.put(e))
			}
			return a
		})
	})
	mux.HandleFunc("POST /internal/v1/takeovers", func(w http.ResponseWriter, r *http.Request) {
		var t outcome.Takeover
		answer(w, r, s, &t, func() any {
			s.history.note("takeover of %v in %v", t.Instance, t.Epoch)
			s.raise(t.Instance, t.Epoch, t.From)
			highest, over := s.over(t.Instance, t.Epoch, math.MaxUint32)
			if !over {
				highest = t.Epoch
			}
			return outcome.TakeoverAnswer{OK: !over, Epoch: highest}
		})
	})
	return mux
}

func answer(w http.ResponseWriter, r *http.Request, s *resultsStore, into any, do func() any) {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		http.Error(w, "the store is down", http.StatusServiceUnavailable)
		return
	}
	b, err := outcome.Encode(do())
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(b)
}

// raise notes that a leader has written. Called with mu held, as over and put are.
func (s *resultsStore) raise(i proto.Instance, e outcome.Epoch, from uint32) {
	if s.fences[i] == nil {
		s.fences[i] = map[outcome.Epoch]uint32{}
	}
	if _, ok := s.fences[i][e]; !ok {
		s.fences[i][e] = from
	}
}

// over gives the highest epoch that has the word on a match instead of e.
func (s *resultsStore) over(i proto.Instance, e outcome.Epoch, match uint32) (highest outcome.Epoch, over bool) {
	for x, from := range s.fences[i] {
		if match >= from && e.Less(x) && (!over || highest.Less(x)) {
			highest, over = x, true
		}
	}
	return highest, over
}

func (s *resultsStore) put(e outcome.Entry) outcome.Answer {
	o, err := outcome.Parse(e.Body)
	if err != nil {
		s.history.violation("the results store got %q: %v", e.Body, err)
		return outcome.Answer{Verdict: outcome.Invalid, Reason: err.Error()}
	}
	s.raise(o.Instance, e.Epoch, e.From)
	highest, over := s.over(o.Instance, e.Epoch, o.Match)
	switch have, ok := s.bodies[o.ID()]; {
	case ok && have == string(e.Body):
		return outcome.Answer{Verdict: outcome.Stored}
	case ok:
		s.conflicts++
		s.history.note("CONFLICT of %v in %v: %s has %s", o.ID(), e.Epoch, e.Body, have)
		return outcome.Answer{Verdict: outcome.Conflict, Stored: []byte(have), Epoch: highest}
	case over:
		s.fenced++
		s.history.note("FENCED: %v in %v, below %v", o.ID(), e.Epoch, highest)
		return outcome.Answer{Verdict: outcome.Fenced, Epoch: highest}
	}
	s.bodies[o.ID()] = string(e.Body)
	return outcome.Answer{Verdict: outcome.Stored}
}

// publicForm is what players hear of an outcome.
func publicForm(match uint32, tick uint32, data []byte, results []outcome.Result) string {
	for i := range results {
		results[i].Player = ""
	}
	return fmt.Sprintf("match %d, tick %d: %s, %v", match, tick, data, results)
}

// heard checks that what a player hears is what the store has.
func (s *resultsStore) heard(room proto.RoomID, player proto.PlayerID, o proto.Outcome) {
	var results []outcome.Result
	for _, r := range o.Results {
		results = append(results, outcome.Result{Seat: uint8(r.Seat), Alias: string(r.Alias), Place: r.Place, Score: r.Score})
	}
	want := publicForm(o.Match, uint32(o.Tick), o.Data, results)
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, body := range s.bodies {
		if id.Match != o.Match {
			continue
		}
		if have, err := outcome.Parse([]byte(body)); err == nil && have.Room == string(room) && publicForm(have.Match, have.Tick, have.Data, have.Results) == want {
			return
		}
	}
	s.history.violation("%s: %s hears %q, which the results store does not have", room, player, want)
}

// check looks for matches that are missing. What the leaders of an instance have decided has the numbers from 1 on.
func (s *resultsStore) check() {
	s.mu.Lock()
	defer s.mu.Unlock()
	matches := map[proto.Instance][]uint32{}
	for id := range s.bodies {
		matches[id.Instance] = append(matches[id.Instance], id.Match)
	}
	for i, list := range matches {
		slices.Sort(list)
		for n, m := range list {
			if int(m) != n+1 {
				s.history.violation("instance %v: match %d is missing in the results store, which has match %d", i, n+1, m)
				break
			}
		}
	}
	s.history.note("the results store has %d outcomes of %d instances; %d conflicts, %d fenced", len(s.bodies), len(matches), s.conflicts, s.fenced)
}

func (s *resultsStore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

// storeFails is a fault: the store does not answer.
var storeFails = fault{name: "the results store fails", shortest: 100 * time.Millisecond, longest: 20 * time.Second, begin: func(f *fleet) func() {
	f.results.setDown(true)
	return func() { f.results.setDown(false) }
}}
