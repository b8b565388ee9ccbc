package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// stranger speaks raw TCP, HTTP and WebSocket, from an address that only it has.
type stranger struct{ address string }

// strangerAt is one of 60,000 strangers.
func strangerAt(n int) stranger {
	return stranger{fmt.Sprintf("203.%d.%d.%d", n>>14&3, n>>7&127, n&127)}
}

// strangerTimeout bounds what a stranger waits for.
const strangerTimeout = 5 * time.Second

// dial connects through the trusted proxy, which names the stranger.
func (s stranger) dial(ctx context.Context, addr string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(proxyAddress)}, Timeout: strangerTimeout}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(c, "PROXY TCP4 %s 127.0.0.1 4000 80\r\n", s.address); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// reply is an HTTP answer with its body.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// ask sends one request, with header lines such as "Host: x", and reads the answer; the connection stays open.
func (s stranger) ask(ctx context.Context, method, addr, path, body string, lines ...string) (reply, net.Conn, error) {
	c, err := s.dial(ctx, addr)
	if err != nil {
		return reply{}, nil, err
	}
	r, err := askOn(c, method, addr, path, body, lines...)
	if err != nil {
		c.Close()
		return r, nil, err
	}
	return r, c, nil
}

// once is ask on a connection that is closed then.
func (s stranger) once(ctx context.Context, method, addr, path, body string, lines ...string) (reply, error) {
	r, c, err := s.ask(ctx, method, addr, path, body, lines...)
	if c != nil {
		c.Close()
	}
	return r, err
}

func askOn(c net.Conn, method, host, path, body string, lines ...string) (r reply, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, path)
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Host:") }) {
		lines = append(lines, "Host: "+host)
	}
	for _, line := range lines {
		b.WriteString(line + "\r\n")
	}
	if body != "" || method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	_ = c.SetDeadline(time.Now().Add(strangerTimeout)) // an error shows in the write
	if _, err := io.WriteString(c, b.String()); err != nil {
		return r, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return r, err
	}
	defer resp.Body.Close()
	r = reply{status: resp.StatusCode, header: resp.Header}
	r.body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return r, err
}

// admission is a router's answer to POST /v1/rooms and /v1/match.
type admission struct{ Room, URL, Player, Guest, Ticket, Code, Server string }

// seek asks a router for a ticket. Any other answer than 201 is in the reply.
func (s stranger) seek(ctx context.Context, router, path, body string) (a admission, r reply, err error) {
	r, err = s.once(ctx, http.MethodPost, strings.TrimPrefix(router, "http://"), path, body)
	if err == nil && r.status == http.StatusCreated {
		err = json.Unmarshal(r.body, &a)
	}
	return a, r, err
}

// socket is a WebSocket of a client.
type socket struct {
	net.Conn
	r *bufio.Reader
}

// upgrade opens a WebSocket at a ws URL. Any other answer than 101 is an error.
func (s stranger) upgrade(ctx context.Context, at string) (*socket, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	c, err := s.dial(ctx, u.Host)
	if err != nil {
		return nil, err
	}
	return handshake(c, u.Host, u.RequestURI())
}

// handshake asks for the upgrade on c, and closes it where that fails.
func handshake(c net.Conn, host, path string) (*socket, error) {
	return handshakeAs(c, host, path, proto.Subprotocol)
}

// handshakeAs is handshake with another subprotocol.
func handshakeAs(c net.Conn, host, path, subprotocol string) (*socket, error) {
	_ = c.SetDeadline(time.Now().Add(strangerTimeout))
	_, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"+
		"Sec-WebSocket-Protocol: %s\r\n\r\n", path, host, subprotocol)
	k := newSocket(c)
	if err == nil {
		var resp *http.Response
		if resp, err = http.ReadResponse(k.r, nil); err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
			err = fmt.Errorf("upgrade: %s", resp.Status)
		}
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return k, nil
}

// enter opens a WebSocket and says hello with a ticket.
func (s stranger) enter(ctx context.Context, at, ticket string) (*socket, error) {
	k, err := s.upgrade(ctx, at)
	if err != nil {
		return nil, err
	}
	hello := proto.Hello{Versions: proto.Spoken(), Ticket: ticket}
	if err := k.send(hello.Append(nil)); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// send writes a binary message, masked with zeros.
func (k *socket) send(b []byte) error {
	_ = k.SetWriteDeadline(time.Now().Add(strangerTimeout))
	_, err := k.Write(frame(b))
	return err
}

func newSocket(c net.Conn) *socket { return &socket{c, bufio.NewReader(c)} }

// frame is a client's frame of a binary message below 64 KiB.
func frame(b []byte) []byte {
	f := []byte{0x82, 0x80 | byte(len(b))}
	if len(b) > 125 {
		f = binary.BigEndian.AppendUint16([]byte{0x82, 0x80 | 126}, uint16(len(b)))
	}
	return append(append(f, 0, 0, 0, 0), b...)
}

// closeFrame is how a server ends a connection.
type closeFrame struct{ code proto.CloseCode }

func (c closeFrame) Error() string { return fmt.Sprintf("closed with %d", c.code) }

// readFrame gives the next frame.
func (k *socket) readFrame(limit time.Duration) (opcode byte, payload []byte, err error) {
	_ = k.SetReadDeadline(time.Now().Add(limit))
	var head [2]byte
	if _, err := io.ReadFull(k.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 127)
	if wide := map[uint64]int{126: 2, 127: 8}[n]; wide > 0 {
		b := make([]byte, 8)
		if _, err := io.ReadFull(k.r, b[8-wide:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(b)
	}
	if n > proto.MaxServerMessage {
		return 0, nil, fmt.Errorf("a message of %d bytes", n)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(k.r, payload)
	return head[0] & 15, payload, err
}

// read gives the next binary message; a closeFrame at the end.
func (k *socket) read(limit time.Duration) ([]byte, error) {
	for deadline := time.Now().Add(limit); ; {
		opcode, b, err := k.readFrame(time.Until(deadline))
		switch {
		case err != nil:
			return nil, err
		case opcode == 2:
			return b, nil
		case opcode == 8 && len(b) < 2:
			return nil, io.EOF
		case opcode == 8:
			return nil, closeFrame{proto.CloseCode(binary.BigEndian.Uint16(b))}
		}
	}
}

// await reads until a record of that kind has come, and gives its body and all that was read.
func (k *socket) await(kind proto.Kind, limit time.Duration) (body, all []byte, err error) {
	for deadline := time.Now().Add(limit); ; {
		b, err := k.read(time.Until(deadline))
		if err != nil {
			return nil, all, err
		}
		all = append(all, b...)
		for len(b) > 0 {
			var got proto.Kind
			if got, body, b, err = proto.NextRecord(b); err != nil {
				return nil, all, err
			}
			if got == kind {
				return body, all, nil
			}
		}
	}
}

// closes says with which code the server closes within limit; 0: it closes without one or not at all.
func (k *socket) closes(limit time.Duration) proto.CloseCode {
	deadline := time.Now().Add(limit)
	for {
		_, err := k.read(time.Until(deadline))
		var c closeFrame
		switch {
		case errors.As(err, &c):
			return c.code
		case err != nil:
			return 0
		}
	}
}

// open reports whether the other side has not closed c. What came is dropped.
func open(c net.Conn) bool {
	b := make([]byte, 64<<10)
	for {
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, err := c.Read(b)
		if err != nil {
			var timeout net.Error
			return errors.As(err, &timeout) && timeout.Timeout()
		}
	}
}

func countOpen(all []net.Conn) (n int) {
	for _, c := range all {
		if open(c) {
			n++
		}
	}
	return n
}

func closeAll(all []net.Conn) {
	for _, c := range all {
		c.Close()
	}
}

// contains reports which of words are in b.
func contains(b []byte, words ...string) (found []string) {
	for _, w := range words {
		if w != "" && bytes.Contains(b, []byte(w)) {
			found = append(found, w)
		}
	}
	return found
}
