//go:build !linux

package session

import (
	"errors"
	"net"
	"time"
)

// descriptor exists on Linux only: elsewhere no connection is polled, and none of its methods is called.
type descriptor int

const descriptors = false

type incoming struct {
	bytes, sealed [pollBuffer]byte
	reads         int
}

func newIncoming() any { return new(incoming) }

func newDescriptor(*net.TCPConn) (descriptor, error) { return 0, errors.ErrUnsupported }

func (d descriptor) number() int { return int(d) }

func (descriptor) conn() (net.Conn, error) { return nil, errors.ErrUnsupported }

func (descriptor) receive(*incoming, []byte) (int, bool, time.Duration, error) {
	return 0, false, 0, errors.ErrUnsupported
}

func (descriptor) send([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (descriptor) unsent() int { return 0 }

func limitUnsent(*net.TCPConn) error { return nil }
