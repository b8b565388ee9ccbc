// Package textframes lets clients speak JSON: it turns the connection of a client with the subprotocol ringside.json.v1 into one of ringside.v1,
// for whoever serves it. PROTOCOL.md, Text frames, describes what is said.
//
// It is a net.Conn around the socket, as TLS is, and not a part of the session: all that a session or a tunnel does with clients, its limits, timeouts,
// order and outbox, holds for these clients without a line there, and a client of ringside.v1 pays nothing. A session that has such a connection writes to it
// from a goroutine of the connection, so the translation is never a part of a tick. A router that tunnels translates itself, so its game servers see no
// difference.
//
// A connection holds a replica of the room's public state and its player's own part, what was written of it, and one message in each direction: twice
// the state, at most proto.MaxServerMessage, and its text.
package textframes

import (
	"bufio"
	"net"
	"net/http"
	"slices"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/proto"
)

// Handler serves clients of ringside.json.v1 with next, which serves those of ringside.v1.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(Upgrade(w, r)) })
}

// Upgrade gives what to serve a request for a WebSocket with: w and r themselves, unless the client offers ringside.json.v1 and not ringside.v1. Then the
// request offers ringside.v1, and the connection that w is hijacked for translates.
func Upgrade(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	const offer = "Sec-WebSocket-Protocol"
	if edge.HasToken(r.Header, offer, proto.Subprotocol) || !edge.HasToken(r.Header, offer, proto.TextSubprotocol) {
		return w, r
	}
	binary := r.WithContext(r.Context())
	binary.Header = r.Header.Clone()
	binary.Header.Set(offer, proto.Subprotocol)
	return &writer{w}, binary
}

// writer answers the request; the connection that it gives away translates.
type writer struct{ http.ResponseWriter }

func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack implements http.Hijacker. Nothing is left in the reader that it returns.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	socket, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	socket, pending := edge.Unwrap(socket)
	c := newConn(socket, slices.Concat(early, pending))
	return c, bufio.NewReadWriter(bufio.NewReaderSize(c, 16), bufio.NewWriterSize(c, 16)), nil
}
