//go:build !unix

package session

import (
	"net"
	"sync"

	"github.com/ringside-go/ringside/internal/multiplex"
)

func newWriter(conn net.Conn, buffers *sync.Pool) (writer, error) {
	if s, ok := conn.(*multiplex.Stream); ok {
		return &streamedWriter{streamWriter{conn, buffers}, s}, nil
	}
	return &streamWriter{conn: conn, buffers: buffers}, nil
}
