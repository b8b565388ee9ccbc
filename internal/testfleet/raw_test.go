package testfleet

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// raw is a WebSocket client that sends what no real one would.
type raw struct {
	net.Conn
	r *bufio.Reader
}

// dialRaw upgrades a connection to room at addr; status is that of the answer.
func dialRaw(t *testing.T, addr, room string) (c *raw, status int) {
	t.Helper()
	return dialAs(t, addr, room, proto.Subprotocol)
}

func dialAs(t *testing.T, addr, room, subprotocol string) (c *raw, status int) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(Patience))
	fmt.Fprintf(conn, "GET /v1/rooms/%s/connect HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		room, addr, subprotocol)
	c = &raw{conn, bufio.NewReader(conn)}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatalf("upgrade: %v", err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Sec-WebSocket-Protocol"); resp.StatusCode == http.StatusSwitchingProtocols && got != subprotocol {
		t.Errorf("asked for %s the server speaks %q", subprotocol, got)
	}
	return c, resp.StatusCode
}

// message sends a binary message, masked with zeroes.
func (c *raw) message(payload []byte) { c.send(0x82, payload) }

// send sends a frame whose first byte is given.
func (c *raw) send(first byte, payload []byte) {
	head := []byte{first, 0x80 | byte(len(payload))}
	if len(payload) > 125 { // in as few bytes as it takes, RFC 6455 says
		head[1] = 0x80 | 126
		head = binary.BigEndian.AppendUint16(head, uint16(len(payload)))
	}
	c.Write(append(append(head, 0, 0, 0, 0), payload...)) // a server that has had enough may have closed
}

// code reads up to the close frame and gives its code; 0 if the connection ends without one.
func (c *raw) code() proto.CloseCode {
	for {
		opcode, payload, err := c.frame()
		switch {
		case err != nil:
			return 0
		case opcode == 8 && len(payload) >= 2:
			return proto.CloseCode(binary.BigEndian.Uint16(payload))
		}
	}
}

func (c *raw) frame() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7f)
	if more := map[uint64]int{126: 2, 127: 8}[n]; more > 0 {
		var b [8]byte
		if _, err := io.ReadFull(c.r, b[8-more:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(b[:])
	}
	if n > proto.MaxServerMessage {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(c.r, payload)
	if opcode = head[0] & 0x0f; err == nil && opcode == 9 { // a ping, which nobody answers
		return c.frame()
	}
	return opcode, payload, err
}
