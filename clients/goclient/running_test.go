package goclient

import (
	"context"
	"testing"
	"time"
)

// running is a client whose Run is on its way.
type running struct {
	*Client
	t    *testing.T
	stop context.CancelFunc
	err  chan error // what Run returned
}

// config asks s for room r-1 of game test.
func (s *server) config() Config {
	return Config{Router: s.URL, Request: Request{Game: "test", Room: "r-1"}, HTTP: s.Client(), GiveUp: patience}
}

// dial enters with c, makes inputs for prepare to keep, and runs.
func dial(t *testing.T, c Config, prepare func(c *Client)) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	client, err := Dial(ctx, c)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(client)
	}
	r := &running{client, t, cancel, make(chan error, 1)}
	go func() { r.err <- client.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		client.Close()
	})
	return r
}

// wait gives what Run returns.
func (r *running) wait() error {
	r.t.Helper()
	select {
	case err := <-r.err:
		return err
	case <-time.After(2 * patience):
		r.t.Fatal("Run did not return")
		return nil
	}
}

// get takes the next value of c.
func get[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

func mustInputs(t *testing.T, c *Client, r *room) *Inputs[sample] {
	t.Helper()
	in, err := NewInputs(c, r.codec)
	if err != nil {
		t.Fatal(err)
	}
	return in
}
