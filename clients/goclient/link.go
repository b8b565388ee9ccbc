package goclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

const (
	// connectTimeout bounds the network connection: a packet that was lost is sent again after a second.
	connectTimeout = 2 * time.Second
	// upgradeTimeout bounds the server's answer to the upgrade. The kernel takes the connections of a process that is paused, and
	// the room may be led elsewhere by then.
	upgradeTimeout = 2 * time.Second
	// readBuffer is the read buffer of a connection in bytes: a dozen deltas. Keyframes go around it.
	readBuffer = 2 << 10
	// maxHops is how many redirects, or moved messages, a client follows in a row.
	maxHops = 8
)

// link is one WebSocket connection. read is for one goroutine; write for one at a time; close for any.
type link struct {
	ws     *gws.Conn
	nc     net.Conn
	events closeListener

	prepared          bool         // a prepare message asked for it
	welcomed, entered bool         // how far the hello has come
	refusal           *proto.Error // the error record before a close
}

// closeListener answers pings and keeps the close that the server sent.
type closeListener struct {
	gws.BuiltinEventHandler
	err error // set on the reading goroutine
}

func (l *closeListener) OnPing(c *gws.Conn, payload []byte) { _ = c.WritePong(payload) }
func (l *closeListener) OnClose(_ *gws.Conn, err error)     { l.err = err }

// open connects to a room's URL and follows redirects. A refusal by HTTP is a *Problem.
func open(ctx context.Context, config *Config, addr string, stats *counters) (*link, error) {
	u, err := parseURL(addr, "ws", "wss")
	if err != nil {
		return nil, err
	}
	for range maxHops {
		l, resp, err := upgrade(ctx, config, u, stats)
		if err == nil {
			return l, nil
		}
		if resp == nil {
			return nil, fmt.Errorf("connect to %s: %w", u.Host, err)
		}
		if resp.StatusCode/100 != 3 {
			body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what has arrived: the connection is closed
			if resp.StatusCode == http.StatusSwitchingProtocols {
				return nil, fmt.Errorf("upgrade at %s: %w", u.Host, err)
			}
			return nil, fmt.Errorf("upgrade at %s: %w", u.Host, problemOf(resp, body))
		}
		if u, err = redirect(u, resp.Header.Get("Location")); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("more than %d redirects, the last one to %s", maxHops, u)
}

// redirect resolves a Location against the URL that answered with it.
func redirect(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return nil, fmt.Errorf("redirect from %s to %q: no such URL", from, location)
	}
	switch to.Scheme {
	case "http":
		to.Scheme = "ws"
	case "https":
		to.Scheme = "wss"
	}
	return parseURL(to.String(), "ws", "wss")
}

// upgrade makes one connection to u. After a failed upgrade the response is what the server answered.
func upgrade(ctx context.Context, config *Config, u *url.URL, stats *counters) (*link, *http.Response, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	}
	connecting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := config.Dial(connecting, net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var nc net.Conn = &wire{conn, stats}
	if u.Scheme == "wss" {
		secure := config.TLS.Clone()
		secure.ServerName = u.Hostname()
		nc = tls.Client(nc, secure)
	}
	l := &link{nc: nc}
	ws, resp, err := gws.NewClientFromConn(&l.events, &gws.ClientOption{
		Addr:               u.String(),
		RequestHeader:      http.Header{"Sec-Websocket-Protocol": {proto.Subprotocol}},
		HandshakeTimeout:   upgradeTimeout,
		ReadMaxPayloadSize: proto.MaxServerMessage,
		ReadBufferSize:     readBuffer,
		ParallelGolimit:    1,
		NewSession:         func() gws.SessionStorage { return nil },
	}, nc)
	if err != nil {
		return nil, resp, err
	}
	l.ws = ws
	return l, nil, nil
}

// read waits for the next message. The error is a *CloseError or wraps errLost; after it the link is closed. A panic in
// the library's reading ends this link only.
func (l *link) read() (m *gws.Message, err error) {
	defer func() {
		if v := recover(); v != nil {
			l.close()
			m, err = nil, fmt.Errorf("%w: reading failed: %v", errLost, v)
		}
	}()
	if m, err = l.ws.ReadMessage(); err != nil {
		l.close()
		return nil, l.ending(err)
	}
	return m, nil
}

// ending turns what ended the link into an error of this package.
func (l *link) ending(err error) error {
	var closed *gws.CloseError
	if !errors.As(l.events.err, &closed) || closed.Code < 4000 || closed.Code > 4999 {
		if l.events.err != nil {
			err = l.events.err
		}
		return fmt.Errorf("%w: %w", errLost, err)
	}
	e := &CloseError{Code: proto.CloseCode(closed.Code), Text: string(closed.Reason)}
	if l.refusal != nil {
		e.Text = l.refusal.Text
		e.Retry = time.Duration(l.refusal.RetryMs) * time.Millisecond
	}
	if e.Text == "" {
		e.Text = proto.CloseCodes[e.Code].Text
	}
	return e
}

// write sends one message. It may block for writeTimeout.
func (l *link) write(b []byte) error {
	if err := l.ws.WriteMessage(gws.OpcodeBinary, b); err != nil {
		l.close()
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return nil
}

// close ends the connection; a read that waits returns.
func (l *link) close() { _ = l.nc.Close() }
