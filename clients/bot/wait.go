package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// askAgain is the time between two looks at a router that is not ready.
	askAgain = 100 * time.Millisecond
	// answerTime is how long a router may take to say so.
	answerTime = 2 * time.Second
)

// waitReady waits until the router is ready for clients, for limit at most. The error is the last thing that was wrong.
func waitReady(ctx context.Context, client *http.Client, router string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ready(ctx, client, router)
		if err == nil {
			return nil
		}
		pause(ctx, askAgain)
		if ctx.Err() != nil {
			return fmt.Errorf("the router is not ready after %v: %w", limit, err)
		}
	}
}

// unreachable reports whether err is that nobody took a connection: a load balancer that has just found its routers refuses one
// now and then. What a router or a server says is final.
func unreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func ready(ctx context.Context, client *http.Client, router string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(router, "/")+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", req.URL, resp.Status)
	}
	return nil
}
