package fake

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// Conn reads and writes WebSocket frames.
type Conn struct {
	net.Conn
	r *bufio.Reader
}

// Mask is the key with which clients of tests mask frames.
var Mask = []byte{1, 2, 3, 4}

// AppendFrame adds a frame; mask is nil for those of servers.
func AppendFrame(b []byte, op byte, payload, mask []byte) []byte {
	b = append(b, edge.FinBit|op)
	masked := byte(0)
	if mask != nil {
		masked = edge.MaskBit
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	b = append(b, mask...)
	for i, c := range payload {
		if mask != nil {
			c ^= mask[i%4]
		}
		b = append(b, c)
	}
	return b
}

// Read gives the next frame, unmasked.
func (c *Conn) Read() (op byte, payload []byte, err error) {
	var raw []byte
	for {
		f, ok, err := edge.ParseFrame(raw, proto.MaxServerMessage)
		if err != nil {
			return 0, nil, err
		}
		if ok && len(raw) == f.End {
			payload := raw[f.Start:]
			if raw[1]&edge.MaskBit != 0 {
				key := raw[f.Start-4 : f.Start]
				for i := range payload {
					payload[i] ^= key[i%4]
				}
			}
			return f.Opcode, payload, nil
		}
		b, err := c.r.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		raw = append(raw, b)
	}
}

// Send writes a client's binary message.
func (c *Conn) Send(t *testing.T, payload string) {
	t.Helper()
	if _, err := c.Write(AppendFrame(nil, edge.OpBinary, []byte(payload), Mask)); err != nil {
		t.Fatal(err)
	}
}

// ExpectFrom reads the message with which fake servers begin, and checks whose it is.
func (c *Conn) ExpectFrom(t *testing.T, name membership.ServerName) {
	t.Helper()
	for {
		op, payload, err := c.Read()
		if err != nil {
			t.Fatalf("no first message: %v", err)
		}
		if op == 0x9 {
			continue
		}
		_, body, _, err := proto.NextRecord(payload)
		if err != nil || string(body) != string(name) {
			t.Fatalf("first message is %q; want the one of %s", payload, name)
		}
		return
	}
}

// ExpectEnd reads until the connection ends.
func (c *Conn) ExpectEnd(t *testing.T) {
	t.Helper()
	for {
		if _, _, err := c.Read(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the connection ends with %v; want EOF", err)
		}
	}
}

// Dial upgrades at the router with that URL, and gives its answer; the connection is nil unless it is 101.
func Dial(t *testing.T, router, path, subprotocol string) (*Conn, *http.Response) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(router, "http://"), Timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * Timeout))
	_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: play.example.com\r\nConnection: keep-alive, Upgrade\r\n"+
		"Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "+
		subprotocol+"\r\nSec-WebSocket-Extensions: permessage-deflate\r\nCookie: secret=1\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	buffered := bufio.NewReader(conn)
	resp, err := http.ReadResponse(buffered, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, resp
	}
	return &Conn{Conn: conn, r: buffered}, resp
}
