package multiplex

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/obs"
)

const (
	// Path is where a game server takes links.
	Path = "/v1/server/tunnels"
	// protocol is the name of the upgrade. Its number changes when frames do.
	protocol = "ringside-tunnels-1"
	// maxAnswer bounds the answer to the request for one, in bytes.
	maxAnswer = 8 << 10
)

// Request asks for a link over conn, until deadline, and gives what was read from it behind the answer.
func Request(conn net.Conn, host, path string, deadline time.Time) (pending []byte, err error) {
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", path, host, protocol); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(io.LimitReader(conn, maxAnswer))
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		return nil, fmt.Errorf("the answer to the request for a link cannot be read: %w", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("it refuses tunnels: %s %s", resp.Status, text)
	}
	pending, _ = reader.Peek(reader.Buffered())
	return pending, conn.SetDeadline(time.Time{})
}

// Take answers a request for a link and takes its connection over, of which pending was read already. After an error it has answered.
func Take(w http.ResponseWriter, r *http.Request) (conn net.Conn, pending []byte, err error) {
	if !edge.HasToken(r.Header, "Connection", "upgrade") || !edge.HasToken(r.Header, "Upgrade", protocol) {
		w.Header().Set("Upgrade", protocol)
		w.Header().Set("Connection", "Upgrade")
		err = fmt.Errorf("this is where routers link tunnels; ask for the upgrade to %s", protocol)
		obs.Problem(w, http.StatusUpgradeRequired, err.Error())
		return nil, nil, err
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	read, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	pending = append(pending, read...)
	conn, more := edge.Unwrap(conn)
	pending = append(pending, more...)
	if _, err = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+protocol+"\r\n\r\n"); err != nil {
		_ = conn.Close()
	}
	return conn, pending, err
}
