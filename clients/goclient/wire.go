package goclient

import (
	"net"
	"time"
)

// writeTimeout is how long a server may take nothing before its connection counts as lost. It bounds every method that
// sends.
const writeTimeout = 5 * time.Second

// wire is the network connection below the WebSocket: it counts bytes and bounds writes, the control frames' included.
type wire struct {
	net.Conn
	stats *counters
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.stats.bytesDown.Add(uint64(n))
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	n, err := w.Conn.Write(p)
	w.stats.bytesUp.Add(uint64(n))
	return n, err
}
