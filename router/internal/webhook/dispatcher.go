package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/ringside-go/ringside/router/internal/results"
)

// When a delivery is tried again.
const (
	backoffFirst = 5 * time.Second
	backoffMost  = time.Hour
	giveUp       = 24 * time.Hour // after the first attempt
)

const (
	parallel = 8                  // attempts at one endpoint at once
	lease    = 6 * attemptTimeout // so long a router that died holds what it was delivering
	lookAt   = time.Second        // how often retries are looked for
)

// Jobs is the store's part: results.Store.
type Jobs interface {
	AddEndpoint(ctx context.Context, name string, after int64) error
	Claim(ctx context.Context, endpoint string, limit int, lease time.Duration) ([]results.Delivery, error)
	Delivered(ctx context.Context, endpoint string, seq int64) error
	Failed(ctx context.Context, endpoint string, seq int64, due time.Time, dead bool, reason string) error
	Disable(ctx context.Context, name, reason string) error
	Changed() (int64, <-chan struct{})
}

// What becomes of an attempt.
const (
	delivered = "delivered"
	failed    = "failed"   // it is tried again
	dead      = "dead"     // it is not tried again
	disabled  = "disabled" // nor is the endpoint
)

// Results are the results that Config.Observe hears of.
var Results = []string{delivered, failed, dead, disabled}

// Config of a Dispatcher.
type Config struct {
	Endpoints []Endpoint
	Observe   func(endpoint, result string, took time.Duration) // each attempt, with one of Results; nil: nobody
	Logger    *slog.Logger
}

// Dispatcher delivers what a store owes.
type Dispatcher struct {
	config Config
	jobs   Jobs
}

// New builds a Dispatcher. It starts nothing.
func New(c Config, jobs Jobs) (*Dispatcher, error) {
	if err := Validate(c.Endpoints); err != nil {
		return nil, err
	}
	return &Dispatcher{c, jobs}, nil
}

// Run delivers until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, e := range d.config.Endpoints {
		q := &queue{d: d, endpoint: e, log: d.config.Logger.With("endpoint", e.Name)}
		if u, _ := url.Parse(e.URL); u.Scheme == "http" || u.Scheme == "https" {
			q.sender = newWebSender(e)
		} else {
			q.sender = newNATSSender(e)
		}
		all.Go(func() { q.run(ctx) })
	}
	all.Wait()
	return nil
}

// queue is one endpoint's.
type queue struct {
	d        *Dispatcher
	endpoint Endpoint
	sender   sender
	log      *slog.Logger
}

func (q *queue) run(ctx context.Context) {
	defer q.sender.close()
	after := int64(-1)
	if q.endpoint.FromStart {
		after = 0
	}
	added := false
	failed := false
	for ctx.Err() == nil {
		_, changed := q.d.jobs.Changed()
		var n int
		var err error
		if !added {
			err = q.d.jobs.AddEndpoint(ctx, q.endpoint.Name, after)
			added = err == nil
		}
		if added {
			n, err = q.deliver(ctx)
		}
		if err != nil && !failed && ctx.Err() == nil {
			q.log.Error("deliveries cannot be read; they wait in the results store", "error", err)
		}
		if failed = err != nil; n > 0 {
			continue
		}
		if failed {
			changed = nil // a store that fails is not asked more often than this
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(lookAt):
		}
	}
}

// deliver tries what is due, at most parallel deliveries at once, and gives how many there were.
func (q *queue) deliver(ctx context.Context) (int, error) {
	list, err := q.d.jobs.Claim(ctx, q.endpoint.Name, parallel, lease)
	if err != nil {
		return 0, err
	}
	errs := make([]error, len(list))
	var all sync.WaitGroup
	for n := range list {
		all.Go(func() { errs[n] = q.attempt(ctx, &list[n]) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// attempt tries one delivery, and tells the store how it went.
func (q *queue) attempt(ctx context.Context, d *results.Delivery) error {
	began := time.Now()
	body, err := payload(d)
	if err != nil {
		return err
	}
	r := q.sender.send(ctx, message{d.ID.String(), began, body})
	if ctx.Err() != nil {
		return nil // we are ending: the lease gives it to somebody else
	}
	name, jobs := q.endpoint.Name, q.d.jobs
	outcome := delivered
	due := began.Add(max(backoff(d.Attempts), r.after))
	switch {
	case r.ok:
		err = jobs.Delivered(ctx, name, d.Seq)
	case r.gone:
		outcome = disabled
		q.log.Warn("endpoint is disabled; enable it again when it is back", "error", r.err)
		if err = jobs.Failed(ctx, name, d.Seq, due, false, r.err); err == nil {
			err = jobs.Disable(ctx, name, r.err)
		}
	case due.Sub(d.Started) > giveUp:
		outcome = dead
		q.log.Error("outcome could not be delivered; retry it when the endpoint is well", "outcome", d.ID, "attempts", d.Attempts, "error", r.err)
		err = jobs.Failed(ctx, name, d.Seq, due, true, r.err)
	default:
		outcome = failed
		err = jobs.Failed(ctx, name, d.Seq, due, false, r.err)
	}
	if q.d.config.Observe != nil {
		q.d.config.Observe(name, outcome, time.Since(began))
	}
	return err
}

// backoff is the time until attempt n+1: twice as long each time, and by up to a fifth shorter or longer, so that what
// failed together does not come back together.
func backoff(n int64) time.Duration {
	d := backoffMost
	if n < 12 {
		d = min(d, backoffFirst<<max(0, n-1))
	}
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

func payload(d *results.Delivery) ([]byte, error) {
	type data struct {
		Seq     int64           `json:"seq"`
		Outcome json.RawMessage `json:"outcome"`
	}
	b, err := json.Marshal(struct {
		Type string    `json:"type"`
		At   time.Time `json:"timestamp"`
		Data data      `json:"data"`
	}{"outcome", d.At, data{d.Seq, d.Body}})
	if err != nil {
		return nil, fmt.Errorf("outcome %v: %w", d.ID, err)
	}
	return b, nil
}
