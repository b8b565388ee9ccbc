//go:build !linux

package session

import (
	"errors"
	"net"
	"time"
)

// descriptor exists on Linux only: elsewhere no connection is polled, and none of its methods is called.
type descriptor int

type incoming struct{ bytes [pollBuffer]byte }

func newIncoming() any { return new(incoming) }

func pollable(net.Conn) bool { return false }

func newDescriptor(net.Conn) (descriptor, error) { return 0, errors.ErrUnsupported }

func (descriptor) conn() (net.Conn, error) { return nil, errors.ErrUnsupported }

func (descriptor) receive(*incoming, int) (int, time.Duration, error) {
	return 0, 0, errors.ErrUnsupported
}

func (descriptor) send([]byte) (int, error) { return 0, errors.ErrUnsupported }

func limitUnsent(*net.TCPConn) error { return nil }
