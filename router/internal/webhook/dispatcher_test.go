package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/results"
)

// endpointFunc is a sender.
type endpointFunc func(message) result

func (f endpointFunc) send(_ context.Context, m message) result { return f(m) }
func (f endpointFunc) close()                                   {}

// oneJob is a store that owes one delivery.
type oneJob struct {
	results.Delivery
	due      time.Time
	state    string
	disabled bool
}

func (j *oneJob) AddEndpoint(context.Context, string, int64) error { return nil }
func (j *oneJob) Changed() (int64, <-chan struct{})                { return 0, nil }

func (j *oneJob) Claim(_ context.Context, _ string, _ int, lease time.Duration) ([]results.Delivery, error) {
	if j.state != "due" || j.disabled || time.Now().Before(j.due) {
		return nil, nil
	}
	j.due = time.Now().Add(lease)
	j.Attempts++
	return []results.Delivery{j.Delivery}, nil
}

func (j *oneJob) Delivered(context.Context, string, int64) error {
	j.state = "done"
	return nil
}

func (j *oneJob) Failed(_ context.Context, _ string, _ int64, due time.Time, dead bool, _ string) error {
	if j.due = due; dead {
		j.state = "dead"
	}
	return nil
}

func (j *oneJob) Disable(context.Context, string, string) error {
	j.disabled = true
	return nil
}

// schedule runs a delivery in a bubble for three days, and gives when it was tried.
func schedule(t *testing.T, answer func(n int) result) (job *oneJob, tried []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		job = &oneJob{state: "due", due: began, Delivery: results.Delivery{Started: began, ID: outcome.ID{Instance: 1, Match: 1}, Body: []byte("{}")}}
		d := &Dispatcher{Config{Logger: slog.New(slog.DiscardHandler)}, job}
		q := &queue{d: d, log: d.config.Logger, sender: endpointFunc(func(m message) result {
			if m.id != "0000000000000001-1" {
				t.Errorf("attempt %d has id %s", len(tried)+1, m.id)
			}
			tried = append(tried, time.Since(began))
			return answer(len(tried))
		})}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { q.run(ctx); close(done) }()
		time.Sleep(72 * time.Hour)
		stop()
		<-done
	})
	return job, tried
}

// A delivery that fails is tried less and less often for a day, and is a dead letter then.
func TestRetriesForADay(t *testing.T) {
	job, tried := schedule(t, func(int) result { return result{err: "no"} })
	if job.state != "dead" || len(tried) < 25 || len(tried) > 50 {
		t.Fatalf("%s after %d attempts", job.state, len(tried))
	}
	if last := tried[len(tried)-1]; last < giveUp-2*backoffMost || last > giveUp {
		t.Errorf("the last attempt was after %v", last)
	}
	for n := 1; n < len(tried); n++ {
		want := min(backoffFirst<<min(n-1, 12), backoffMost)
		if gap := tried[n] - tried[n-1]; gap < want*8/10 || gap > want*12/10+lookAt {
			t.Errorf("attempt %d came %v after the one before, want about %v", n+1, gap, want)
		}
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	job, tried := schedule(t, func(n int) result { return result{ok: n == 2, after: 10 * time.Minute} })
	if job.state != "done" || len(tried) != 2 || tried[1] < 10*time.Minute || tried[1] > 10*time.Minute+lookAt {
		t.Errorf("%s, tried at %v", job.state, tried)
	}
}

func TestGoneDisables(t *testing.T) {
	job, tried := schedule(t, func(int) result { return result{gone: true, err: "410"} })
	if job.state != "due" || !job.disabled || len(tried) != 1 {
		t.Errorf("%s, disabled %v, %d attempts", job.state, job.disabled, len(tried))
	}
}

// receiver is a web server that keeps the ids of the messages that it took.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	ids    []string
	answer func(n int, w http.ResponseWriter, r *http.Request) bool // of the nth message; true: it took it
}

func newReceiver(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request) bool) *receiver {
	v := &receiver{answer: answer}
	n := 0
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !verify(r.Header, body, secret) {
			t.Errorf("message %s has a wrong signature: %v", body, err)
		}
		var m struct {
			Data struct {
				Seq     int64           `json:"seq"`
				Outcome json.RawMessage `json:"outcome"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &m); err != nil || m.Data.Seq == 0 {
			t.Errorf("message %s: %v", body, err)
		}
		if o, err := outcome.Parse(m.Data.Outcome); err != nil || o.ID().String() != r.Header.Get("webhook-id") {
			t.Errorf("outcome %s of message %s: %v", m.Data.Outcome, r.Header.Get("webhook-id"), err)
		}
		v.mu.Lock()
		n++
		this := n
		v.mu.Unlock()
		if v.answer == nil || v.answer(this, w, r) {
			v.mu.Lock()
			v.ids = append(v.ids, r.Header.Get("webhook-id"))
			v.mu.Unlock()
		}
	}))
	t.Cleanup(v.Close)
	return v
}

func (v *receiver) took() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(slices.Values(v.ids))
}

func (v *receiver) endpoint(name string) Endpoint {
	return Endpoint{Name: name, URL: v.URL, Secrets: []string{secret}, Private: true}
}

// eventually polls: the other side is a real process's socket.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("a minute later it is not so that %s", what)
		}
	}
}

func putMatches(t *testing.T, s *results.Store, from, to uint32) (ids []string) {
	t.Helper()
	var entries []outcome.Entry
	for match := from; match < to; match++ {
		o := &outcome.Outcome{Instance: proto.Instance(7), Match: match, Room: "r", Game: "arena", Results: []outcome.Result{{Player: "ann", Alias: "Ann", Place: 1}}}
		body, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, outcome.Entry{Epoch: outcome.Epoch{Counter: 1, Server: "gs"}, Body: body})
		ids = append(ids, o.ID().String())
	}
	if _, err := s.Put(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

// From a real store to real web servers: a slow endpoint and one that is gone hold nobody up; each gets everything in the
// end, also after a restart.
func TestDelivery(t *testing.T) {
	store, err := results.Open(t.Context(), "sqlite:"+t.TempDir(), results.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	release := make(chan struct{})
	slow := newReceiver(t, func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-release:
			return true
		case <-r.Context().Done(): // the sender was stopped
			return false
		}
	})
	good := newReceiver(t, nil)
	gone := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n <= 3 {
			w.WriteHeader(http.StatusGone)
		}
		return n > 3
	})
	endpoints := []Endpoint{slow.endpoint("slow"), good.endpoint("good"), gone.endpoint("gone")}
	run := func() (stop func()) {
		d, err := New(Config{Endpoints: endpoints, Logger: slog.New(slog.DiscardHandler)}, store)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { _ = d.Run(ctx); close(done) }()
		return func() { cancel(); <-done }
	}
	stop := run()
	eventually(t, "the endpoints are known", func() bool {
		list, err := store.Endpoints(t.Context())
		return err == nil && len(list) == 3
	})
	ids := putMatches(t, store, 1, 4)
	eventually(t, "the good endpoint has all", func() bool { return slices.Equal(good.took(), ids) })
	eventually(t, "the endpoint that is gone is disabled", func() bool {
		list, err := store.Endpoints(t.Context())
		return err == nil && list[0].Name == "gone" && list[0].Disabled != "" && list[0].Due == 3 && list[1].Due == 0
	})
	if len(slow.took()) > 0 {
		t.Error("the slow endpoint has something already")
	}
	stop()
	close(release)
	if err := store.Enable(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	endpoints[1].URL = "http://127.0.0.1:1" // nobody is there
	defer run()()
	ids = append(ids, putMatches(t, store, 4, 6)...)
	for name, v := range map[string]*receiver{"slow": slow, "gone": gone} {
		// What was being tried when it stopped is due after its lease or back-off: not waited for here.
		eventually(t, fmt.Sprint(name, " has the new ones"), func() bool {
			took := v.took()
			return slices.Contains(took, ids[3]) && slices.Contains(took, ids[4])
		})
	}
	eventually(t, "the failure is noted", func() bool {
		list, err := store.Endpoints(t.Context())
		return err == nil && list[1].Name == "good" && list[1].Due == 2
	})
}

// An endpoint that answers after the time-out gets the same id again.
func TestLateAnswer(t *testing.T) {
	late := make(chan struct{})
	v := newReceiver(t, func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 1 {
			<-late
		}
		return true
	})
	s := newWebSender(v.endpoint("late"))
	defer s.close()
	o := &outcome.Outcome{Instance: 7, Match: 1, Room: "r", Game: "arena"}
	body, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	job := &oneJob{state: "due", Delivery: results.Delivery{Seq: 1, ID: o.ID(), Body: body, Started: time.Now()}}
	d := &Dispatcher{Config{Logger: slog.New(slog.DiscardHandler)}, job}
	q := &queue{d: d, log: d.config.Logger, sender: s}
	s.client.Timeout = 50 * time.Millisecond
	if _, err := q.deliver(t.Context()); err != nil || job.state != "due" {
		t.Fatalf("%s, %v", job.state, err)
	}
	close(late)
	s.client.Timeout = time.Minute
	job.due = time.Time{}
	if _, err := q.deliver(t.Context()); err != nil || job.state != "done" {
		t.Fatalf("%s, %v", job.state, err)
	}
	eventually(t, "both attempts have arrived", func() bool { return len(v.took()) == 2 })
	if took := v.took(); took[0] != took[1] {
		t.Errorf("the endpoint got %v, want one id twice", took)
	}
}
