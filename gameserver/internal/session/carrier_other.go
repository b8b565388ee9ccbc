//go:build !unix

package session

import (
	"net"
	"sync"
)

func newCarrier(conn net.Conn, buffers *sync.Pool) (carrier, error) {
	return &streamCarrier{conn: conn, buffers: buffers}, nil
}
