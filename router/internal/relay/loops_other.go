//go:build !linux

// Package relay passes bytes on between sockets of clients and streams of game servers, on Linux only.
package relay

import (
	"context"
	"net"
	"time"

	"github.com/ringside-go/ringside/internal/multiplex"
)

// Loops relay nothing on this system.
type Loops struct{}

// New makes Loops.
func New(time.Duration) *Loops { return &Loops{} }

// Run returns when ctx ends.
func (*Loops) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Carry runs carried.
func (*Loops) Carry(conn net.Conn, carried *multiplex.Link, pending []byte) {
	carried.Run(context.Background(), conn, pending)
}

// Relay returns nil: the connection cannot be polled.
func (*Loops) Relay(net.Conn, *multiplex.Stream, []byte, []byte) *Tunnel { return nil }

// Tunnel does not exist.
type Tunnel struct{}

// Wait returns.
func (*Tunnel) Wait() {}

// Close does nothing.
func (*Tunnel) Close() {}
