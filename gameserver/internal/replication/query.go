package replication

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// result of a query.
type result struct {
	answer ownership.Answer
	err    error // of a relay
}

// Query asks server, at host:port addr, what it has of a room; it dials when there is no link yet. It blocks until the
// answer comes or ctx ends, and may be called from any goroutine. When the link breaks it dials and asks once more, so the
// server may hear a query twice. Errors are those of errors.go.
func (l *Links) Query(ctx context.Context, server, addr string, q ownership.Query) (ownership.Answer, error) {
	a, err := l.ask(ctx, server, addr, func(id uint64) []byte { return encode(kindQuery, &query{id, q}) })
	if err != nil {
		return a, fmt.Errorf("query %s at %s about room %s: %w", server, addr, q.Room, err)
	}
	return a, nil
}

// ask sends a record, made for the number of the query, and waits for its answer. It tries twice where the link breaks: the
// process may have ended a moment ago, which dialling again tells.
func (l *Links) ask(ctx context.Context, server, addr string, record func(id uint64) []byte) (ownership.Answer, error) {
	r := l.askOnce(ctx, target{server, addr}, record)
	if errors.Is(r.err, ErrBroken) && !errors.Is(r.err, ErrUnreachable) {
		r = l.askOnce(ctx, target{server, addr}, record)
	}
	return r.answer, r.err
}

func (l *Links) askOnce(ctx context.Context, to target, record func(id uint64) []byte) result {
	k, err := l.link(to)
	if err != nil {
		return result{err: err}
	}
	select {
	case <-k.ready:
	case <-k.closed:
		return result{err: k.err}
	case <-ctx.Done():
		return result{err: ended(ctx)}
	}
	id, got, err := k.wait()
	if err != nil {
		return result{err: err}
	}
	defer k.forget(id)
	if err := k.send(record(id)); err != nil {
		return result{err: err}
	}
	select {
	case r := <-got:
		return r
	case <-k.closed:
		return result{err: k.err}
	case <-ctx.Done():
		return result{err: ended(ctx)}
	}
}

func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrTimeout
	}
	return ctx.Err()
}

// wait makes a number for a query and a channel for its result.
func (k *link) wait() (id uint64, got chan result, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.waiting) >= maxInFlight {
		return 0, nil, ErrBusy
	}
	k.queries++
	got = make(chan result, 1)
	k.waiting[k.queries] = got
	return k.queries, got, nil
}

func (k *link) forget(id uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.waiting, id)
}

// handle takes what the acceptor sends.
func (k *link) handle(kind proto.Kind, body []byte) error {
	switch kind {
	case kindAnswer:
		return on(kind, body, func(m *answer) error { return k.answered(m.ID, result{answer: m.Answer}) })
	case kindUnanswered:
		return on(kind, body, func(m *unanswered) error { return k.answered(m.ID, result{err: m.err()}) })
	}
	return k.told(kind, body)
}

// answered gives a result to its query, if anybody still waits for it.
func (k *link) answered(id uint64, r result) error {
	k.mu.Lock()
	got := k.waiting[id]
	delete(k.waiting, id)
	k.mu.Unlock()
	if got != nil {
		got <- r
	}
	return nil
}
