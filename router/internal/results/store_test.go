package results

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// clock is a Config.Now that a test sets.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) set(t time.Time)         { c.ms.Store(t.UnixMilli()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// databases counts the schemas that tests have made.
var databases atomic.Int64

// location makes an empty store of a kind and gives its URL.
func location(t testing.TB, kind string) string {
	if kind == "sqlite" {
		return "sqlite:" + t.TempDir()
	}
	server := os.Getenv("RINGSIDE_POSTGRES")
	if server == "" {
		t.Skip("no PostgreSQL: make results-test starts one")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	schema := fmt.Sprintf("test_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t testing.TB, at string, c Config) *Store {
	t.Helper()
	s, err := Open(context.Background(), at, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// each runs a test on an empty store of each kind.
func each(t *testing.T, test func(t *testing.T, at string)) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, location(t, kind))
		})
	}
}

// settings are a Config with a clock that stands at start.
func settings() (Config, *clock) {
	c := DefaultConfig()
	watch := new(clock)
	watch.set(start)
	c.Now = watch.now
	return c, watch
}

// decided is the outcome of a match that ann won and bob lost.
func decided(instance proto.Instance, match uint32, score int32) *outcome.Outcome {
	return &outcome.Outcome{Instance: instance, Match: match, Room: fmt.Sprintf("room-%d", instance%10), Game: "arena", Tick: 60 * match,
		Results: []outcome.Result{{Seat: 0, Player: "ann", Alias: "Ann", Place: 1, Score: score}, {Seat: 3, Player: "bob", Alias: "Bob", Place: 2, Score: 1}}}
}

func entry(t testing.TB, o *outcome.Outcome, counter uint32) outcome.Entry {
	t.Helper()
	body, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return outcome.Entry{Epoch: outcome.Epoch{Counter: counter, Server: "gs-1"}, Body: body}
}

func put(t testing.TB, s *Store, entries ...outcome.Entry) []outcome.Answer {
	t.Helper()
	answers, err := s.Put(context.Background(), entries)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// wantVerdicts compares verdicts and numbers: "stored 1, conflict 1".
func wantVerdicts(t testing.TB, answers []outcome.Answer, want string) {
	t.Helper()
	var got []string
	for _, a := range answers {
		got = append(got, fmt.Sprintf("%s %d", a.Verdict, a.Seq))
	}
	if strings.Join(got, ", ") != want {
		t.Errorf("answers are %q, want %q", strings.Join(got, ", "), want)
	}
}

func seqs(list []Stored) (numbers []int64) {
	for _, o := range list {
		numbers = append(numbers, o.Seq)
	}
	return numbers
}

// An outcome is stored once however often it is sent; a second body is kept apart and never replaces the first.
func TestOneTruth(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		var mu sync.Mutex
		var alarms []string
		c.Conflict = func(id outcome.ID, v outcome.Verdict) {
			mu.Lock()
			defer mu.Unlock()
			alarms = append(alarms, fmt.Sprint(id, " ", v))
		}
		s := open(t, at, c)
		const instance = 0xfedcba9876543210 // its number is negative in the database
		first, other := entry(t, decided(instance, 1, 10), 1), entry(t, decided(instance, 1, 99), 1)
		wantVerdicts(t, put(t, s, first), "stored 1")
		wantVerdicts(t, put(t, s, first, entry(t, decided(instance, 2, 5), 1), first), "stored 1, stored 2, stored 1")
		for range 2 {
			answers := put(t, s, other)
			wantVerdicts(t, answers, "conflict 1")
			if string(answers[0].Stored) != string(first.Body) {
				t.Errorf("the body that counts is %s", answers[0].Stored)
			}
		}
		// Two bodies of one id in one batch.
		wantVerdicts(t, put(t, s, entry(t, decided(7, 1, 1), 1), entry(t, decided(7, 1, 2), 1)), "stored 3, conflict 3")
		list, err := s.After(context.Background(), 0, 10)
		if err != nil || fmt.Sprint(seqs(list)) != "[1 2 3]" || string(list[0].Body) != string(first.Body) || !list[0].At.Equal(start) {
			t.Errorf("the store has %v %s, %v", seqs(list), list[0].Body, err)
		}
		conflicts, err := s.Conflicts(context.Background(), 10)
		if err != nil || len(conflicts) != 2 {
			t.Fatalf("conflicts %v, %v", conflicts, err)
		}
		want := outcome.ID{Instance: instance, Match: 1}
		if got := conflicts[1]; got.ID != want && conflicts[0].ID != want {
			t.Errorf("conflicts are %v", conflicts)
		}
		if fmt.Sprint(alarms) != "[fedcba9876543210-1 conflict 0000000000000007-1 conflict]" {
			t.Errorf("alarms are %v", alarms)
		}
		one, err := s.Get(context.Background(), want)
		if err != nil || one.Seq != 1 {
			t.Errorf("Get gives %v, %v", one, err)
		}
	})
}

// A leader whose epoch is over cannot write; what it wrote before stays, and sending it again is answered as before.
func TestFence(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		s := open(t, at, c)
		ctx := context.Background()
		old := entry(t, decided(5, 1, 1), 1)
		wantVerdicts(t, put(t, s, old), "stored 1")
		if current, ok, err := s.Raise(ctx, 5, outcome.Epoch{Counter: 2, Server: "gs-2"}, 0); err != nil || !ok || current.Counter != 2 {
			t.Errorf("Raise answers %v %v %v", current, ok, err)
		}
		answers := put(t, s, entry(t, decided(5, 2, 1), 1), old, entry(t, decided(6, 1, 1), 1))
		wantVerdicts(t, answers, "fenced 0, stored 1, stored 2")
		if answers[0].Epoch != (outcome.Epoch{Counter: 2, Server: "gs-2"}) {
			t.Errorf("the epoch that counts is %v", answers[0].Epoch)
		}
		wantVerdicts(t, put(t, s, entry(t, decided(5, 2, 7), 3)), "stored 3")
		if current, ok, err := s.Raise(ctx, 5, outcome.Epoch{Counter: 2, Server: "gs-2"}, 0); err != nil || ok || current.Counter != 3 {
			t.Errorf("a late Raise answers %v %v %v", current, ok, err)
		}
		if current, ok, err := s.Raise(ctx, 5, outcome.Epoch{Counter: 3, Server: "gs-1"}, 0); err != nil || !ok || current.Counter != 3 {
			t.Errorf("Raise of what is there answers %v %v %v", current, ok, err)
		}
		conflicts, err := s.Conflicts(ctx, 10)
		if err != nil || len(conflicts) != 1 || conflicts[0].Verdict != outcome.Fenced {
			t.Errorf("refused bodies are %v, %v", conflicts, err)
		}
	})
}

// What a leader decided before it was followed by another counts, whenever it comes; what it decided afterwards does not, however
// many others have led since.
func TestFenceBeginsWithAMatch(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		s := open(t, at, c)
		from := func(match uint32, counter uint32, since uint32) outcome.Entry {
			e := entry(t, decided(5, match, 1), counter)
			e.From = since
			return e
		}
		if _, ok, err := s.Raise(context.Background(), 5, outcome.Epoch{Counter: 2, Server: "gs-1"}, 4); err != nil || !ok {
			t.Fatalf("%v %v", ok, err)
		}
		wantVerdicts(t, put(t, s, from(8, 3, 8)), "stored 1")
		wantVerdicts(t, put(t, s, from(3, 1, 1), from(4, 1, 1), from(7, 2, 4), from(9, 2, 4), from(9, 3, 8)), "stored 2, fenced 0, stored 3, fenced 0, stored 4")
	})
}

// What is stored is there after the store was closed and opened again.
func TestReopen(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		s := open(t, at, c)
		put(t, s, entry(t, decided(5, 1, 1), 1))
		s.Close()
		s = open(t, at, c)
		wantVerdicts(t, put(t, s, entry(t, decided(5, 1, 1), 1), entry(t, decided(5, 2, 1), 1)), "stored 1, stored 2")
		if last, _ := s.Changed(); last != 2 {
			t.Errorf("last is %d", last)
		}
	})
}

// Two routers write at once while a reader follows by cursor: it sees each number once, in order, without gaps.
func TestReadersSeeNoGap(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		const writers, batches, size = 2, 25, 4
		total := int64(writers * batches * size)
		reader := open(t, at, c)
		var done sync.WaitGroup
		for w := range writers {
			s := open(t, at, c)
			done.Go(func() {
				for b := range batches {
					var entries []outcome.Entry
					for n := range size {
						entries = append(entries, entry(t, decided(proto.Instance(w+1), uint32(b*size+n+1), 1), 1))
					}
					if _, err := s.Put(context.Background(), entries); err != nil {
						t.Error(err)
					}
				}
			})
		}
		var cursor int64
		deadline := time.Now().Add(time.Minute)
		for cursor < total && time.Now().Before(deadline) && !t.Failed() {
			list, err := reader.After(context.Background(), cursor, MaxPage)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range list {
				if o.Seq != cursor+1 {
					t.Fatalf("after %d comes %d", cursor, o.Seq)
				}
				cursor = o.Seq
			}
		}
		done.Wait()
		if cursor != total {
			t.Errorf("the reader has seen %d of %d", cursor, total)
		}
	})
}

func TestReads(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		s := open(t, at, c)
		ctx := context.Background()
		var all []outcome.Entry
		for match := range uint32(6) {
			o := decided(11, match+1, int32(match))
			if match == 3 {
				o.Results = append(o.Results[:1], outcome.Result{Seat: 1, Alias: "guest", Place: 2})
			}
			all = append(all, entry(t, o, 1))
		}
		all = append(all, entry(t, decided(21, 1, 5), 1)) // room-1 was made again
		put(t, s, all...)
		nobody := decided(2, 1, 1)
		nobody.Results = nil
		put(t, s, entry(t, nobody, 1))
		for want, read := range map[string]func() ([]Stored, error){
			"[1 2 3]":         func() ([]Stored, error) { return s.After(ctx, 0, 3) },
			"[4 5 6 7 8]":     func() ([]Stored, error) { return s.After(ctx, 3, 10) },
			"[]":              func() ([]Stored, error) { return s.After(ctx, 8, 10) },
			"[1 7]":           func() ([]Stored, error) { return s.Room(ctx, "room-1", 1, 0, 10) },
			"[2]":             func() ([]Stored, error) { return s.Room(ctx, "room-1", 2, 0, 10) },
			"[1 2 3 4 5 6 7]": func() ([]Stored, error) { return s.Room(ctx, "room-1", 0, 0, 10) },
			"[7 6 5 3 2 1]":   func() ([]Stored, error) { return s.Player(ctx, "bob", 0, 10) },
			"[5 3]":           func() ([]Stored, error) { return s.Player(ctx, "bob", 6, 2) },
		} {
			if list, err := read(); err != nil || fmt.Sprint(seqs(list)) != want {
				t.Errorf("read %v, %v; want %s", seqs(list), err, want)
			}
		}
		for name, read := range map[string]func() ([]Stored, error){
			"nobody":      func() ([]Stored, error) { return s.Player(ctx, "'; DROP TABLE outcomes; --"[:8], 0, 10) },
			"wrong match": func() ([]Stored, error) { return s.Room(ctx, "room-1", 99, 0, 10) },
			"no room":     func() ([]Stored, error) { return s.Room(ctx, "nowhere", 0, 0, 10) },
		} {
			if list, err := read(); len(list) != 0 && err == nil {
				t.Errorf("%s: %v, %v", name, list, err)
			}
		}
	})
}

// What cannot be read is kept apart and counted once, and holds up nothing else of its batch.
func TestInvalidIsKeptApart(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		var alarms []string
		c.Conflict = func(id outcome.ID, v outcome.Verdict) { alarms = append(alarms, fmt.Sprint(id, " ", v)) }
		s := open(t, at, c)
		newer := entry(t, decided(5, 1, 1), 1)
		newer.Body = []byte(strings.Replace(string(newer.Body), `"match"`, `"new":"\u0000","match"`, 1))
		long := entry(t, decided(5, 3, 1), 1)
		long.Body = []byte(`{"instance":"0000000000000005","match":3,"x":"` + strings.Repeat("x", outcome.MaxBody) + `"}`)
		nameless := outcome.Entry{Epoch: outcome.Epoch{Counter: 1, Server: strings.Repeat("\x00", 100)}, Body: []byte(`7`)}
		for range 2 {
			wantVerdicts(t, put(t, s, newer, entry(t, decided(5, 2, 1), 1), long, nameless), "invalid 0, stored 1, invalid 0, invalid 0")
			wantVerdicts(t, put(t, s, newer), "invalid 0")
		}
		list, err := s.Conflicts(context.Background(), 10)
		if err != nil || len(list) != 3 {
			t.Fatalf("kept apart are %v, %v", list, err)
		}
		for _, kept := range list {
			if kept.Verdict != outcome.Invalid || !json.Valid(kept.Body) || kept.ID.Match == 1 && string(kept.Body) != string(newer.Body) {
				t.Errorf("kept apart is %v %s: %s", kept.ID, kept.Verdict, kept.Body)
			}
		}
		slices.Sort(alarms)
		if want := "[0000000000000000-0 invalid 0000000000000005-1 invalid 0000000000000005-3 invalid]"; fmt.Sprint(alarms) != want {
			t.Errorf("alarms are %v, want %v", alarms, want)
		}
	})
}
