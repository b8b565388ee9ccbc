//go:build !unix

package session

import (
	"net"
	"sync"
)

func newWriter(conn net.Conn, buffers *sync.Pool) (writer, error) {
	return &streamWriter{conn: conn, buffers: buffers}, nil
}
