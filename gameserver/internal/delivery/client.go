// Package delivery brings decided outcomes from the spool to a results store, through any router's internal listener, and
// tells the rooms what the store says of them.
//
// Gameserver/server builds a Client on its spool, whose Config.Durable calls Client.Wake, and runs both. A room's tick calls Queue
// with what it has decided and its epoch; after an error the room keeps the outcomes in its table and queues them again.
// Config.Decided is called from the client's goroutine, once for each outcome; it must not block: it puts the verdict into the room's
// inbox. Stored: announce the outcome. Conflict and Fenced: step down. Invalid: go on with later ones; the spool keeps it, and
// another call follows should a newer router take it. Outcomes of an earlier process are sent too: for a room that is not here,
// Decided does nothing.
//
// The registry calls Takeover when this server leads a room after the loss of its last leader.
package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/spool"
	"github.com/ringside-go/ringside/internal/outcome"
)

// Config of a Client.
type Config struct {
	Spool   *spool.Spool
	Routers func() []string                                    // base URLs of the routers' internal listeners, the best first
	HTTP    *http.Client                                       // with the fleet's certificates
	Decided func(id outcome.ID, body []byte, a outcome.Answer) // the answer to body; never blocks
	Logger  *slog.Logger
}

// Bounds of one attempt.
const (
	requestTimeout = 15 * time.Second
	maxBytes       = outcome.MaxBatchBytes - 64<<10 // of bodies in a batch; the rest is what JSON adds
	maxAnswer      = outcome.MaxBatchBytes
	retryFirst     = 100 * time.Millisecond
	retryMost      = 5 * time.Second
)

// Client delivers outcomes. Its methods may be called from any goroutine.
type Client struct {
	config  Config
	wake    chan struct{}       // size 1: there may be more to send. A second signal is dropped
	invalid map[uint64]struct{} // records of which Decided knows that no router takes them; Run's goroutine only

	mu     sync.Mutex
	failed error
	since  time.Time
}

// New builds a Client. It starts nothing.
func New(c Config) *Client {
	return &Client{config: c, wake: make(chan struct{}, 1), invalid: map[uint64]struct{}{}}
}

// Wake says that there may be more to send.
func (c *Client) Wake([]outcome.ID) {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Queue hands over outcomes that a leader has decided, or has taken over. It never waits. After an error, which is one of
// the spool's or of an outcome that the store could not take, none is queued.
// from is the match that was being played when the leader began to lead in epoch.
func (c *Client) Queue(epoch outcome.Epoch, from uint32, decided []*outcome.Outcome) error {
	records := make([]spool.Record, 0, len(decided))
	for _, o := range decided {
		body, err := o.Encode()
		if err != nil {
			return err
		}
		entry, err := outcome.Encode(outcome.Entry{Epoch: epoch, From: from, Body: body})
		if err != nil {
			return err
		}
		records = append(records, spool.Record{ID: o.ID(), Body: entry})
	}
	return c.config.Spool.Queue(records)
}

// State says since when, and why, nothing can be delivered; nil: nothing is wrong. What waits is in the spool's state.
func (c *Client) State() (since time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.since, c.failed
}

// Run delivers until ctx ends. What is not delivered by then stays in the spool.
func (c *Client) Run(ctx context.Context) error {
	retry := retryFirst
	limit := outcome.MaxBatch
	for ctx.Err() == nil {
		records := c.config.Spool.Pending(limit, maxBytes)
		if len(records) == 0 {
			select {
			case <-ctx.Done():
			case <-c.wake:
			}
			continue
		}
		err := c.deliver(ctx, records)
		if ctx.Err() != nil {
			return nil
		}
		c.note(err)
		var refused *refusedError
		switch {
		case err == nil:
			retry, limit = retryFirst, outcome.MaxBatch
			continue
		case errors.As(err, &refused) && len(records) > 1:
			limit = len(records) / 2 // one of them is the cause: find it
			continue
		case errors.As(err, &refused):
			c.config.Spool.Postpone(records[0].Key)
			limit = outcome.MaxBatch
		}
		select {
		case <-ctx.Done():
		case <-time.After(retry/2 + rand.N(retry/2)):
		}
		retry = min(2*retry, retryMost)
	}
	return nil
}

// note keeps and logs the beginning and the end of an outage.
func (c *Client) note(err error) {
	c.mu.Lock()
	before := c.failed
	if c.failed = err; err != nil && before == nil {
		c.since = time.Now()
	}
	since := c.since
	c.mu.Unlock()
	switch {
	case err != nil && before == nil:
		c.config.Logger.Warn("outcomes cannot be delivered; they wait in the spool, and matches go on", "error", err)
	case err == nil && before != nil:
		c.config.Logger.Info("outcomes are delivered again", "after", time.Since(since))
	}
}

// deliver sends one batch. It succeeds if the store has taken one of its records at least.
func (c *Client) deliver(ctx context.Context, records []spool.Record) error {
	batch := outcome.Batch{Entries: make([]outcome.Entry, len(records))}
	for n, r := range records {
		if err := json.Unmarshal(r.Body, &batch.Entries[n]); err != nil {
			return &refusedError{fmt.Sprintf("outcome %v: %v", r.ID, err)}
		}
	}
	var answers outcome.Answers
	if err := c.post(ctx, "/internal/v1/outcomes", batch, &answers); err != nil {
		return err
	}
	if len(answers.Answers) != len(records) {
		return fmt.Errorf("a router gave %d answers to %d outcomes", len(answers.Answers), len(records))
	}
	var done, invalid []uint64
	var reason string
	for n, a := range answers.Answers {
		key := records[n].Key
		_, known := c.invalid[key]
		switch a.Verdict {
		case "", outcome.Invalid:
			invalid = append(invalid, key)
			reason = fmt.Sprintf("outcome %v: %s", records[n].ID, a.Reason)
			if a.Verdict == "" || known {
				continue
			}
			c.invalid[key] = struct{}{}
		default:
			done = append(done, key)
			delete(c.invalid, key)
		}
		if c.config.Decided != nil {
			c.config.Decided(records[n].ID, batch.Entries[n].Body, a) // before the spool forgets it: after a crash between the two it is sent again
		}
	}
	c.config.Spool.Acknowledge(done...)
	c.config.Spool.Postpone(invalid...)
	if len(done) == 0 {
		return fmt.Errorf("a router cannot take %d outcomes, which stay in the spool: %s", len(invalid), reason)
	}
	return nil
}

// Takeover asks the store whether epoch is the highest of its instance, and makes it so if it is higher. It waits for the answer: no
// tick calls it.
func (c *Client) Takeover(ctx context.Context, t outcome.Takeover) (a outcome.TakeoverAnswer, err error) {
	return a, c.post(ctx, "/internal/v1/takeovers", t, &a)
}

// refusedError is about what was sent: sending it again changes nothing.
type refusedError struct{ detail string }

func (e *refusedError) Error() string { return e.detail }

// post asks one router after the other, until one answers.
func (c *Client) post(ctx context.Context, path string, message, answer any) error {
	body, err := outcome.Encode(message)
	if err != nil {
		return err
	}
	err = errors.New("no router is known")
	for _, router := range c.config.Routers() {
		var refused *refusedError
		if err = c.ask(ctx, router+path, body, answer); err == nil || errors.As(err, &refused) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (c *Client) ask(ctx context.Context, url string, body []byte, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := c.config.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer))
	switch {
	case got.StatusCode == http.StatusBadRequest || got.StatusCode == http.StatusRequestEntityTooLarge:
		return &refusedError{fmt.Sprintf("%s: %s: %.300s", url, got.Status, text)}
	case got.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s: %.300s", url, got.Status, text)
	case err != nil:
		return fmt.Errorf("%s: %w", url, err)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}
