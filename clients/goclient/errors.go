package goclient

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Errors of this package; they are wrapped with what happened.
var (
	// ErrClosed: the client was closed.
	ErrClosed = errors.New("client is closed")
	// ErrWindow: the server has processed none of the last proto.InputWindow samples; the new one was not taken.
	ErrWindow = errors.New("too many samples are not acknowledged")
	// ErrGaveUp: Config.GiveUp is over and the client is not back.
	ErrGaveUp = errors.New("gave up coming back")
	// ErrSchema: the room's schema is not the one that the client was dialled, or its inputs were made, for, and Events.Schema
	// could not help.
	ErrSchema = errors.New("schema differs")

	// ErrSuspended ends the connection to a suspended room that another server leads by now: the client has found it there.
	ErrSuspended = errors.New("room was suspended here and is led elsewhere")

	errLost = errors.New("connection lost")
)

// CloseError is a close by the server with one of the protocol's codes.
type CloseError struct {
	Code  proto.CloseCode
	Text  string        // the server's, or the table's
	Retry time.Duration // wait so long before trying again; 0: no advice
	Moved *proto.Moved  // with CloseMoved
}

func (e *CloseError) Error() string { return fmt.Sprintf("server closed with %v: %s", e.Code, e.Text) }

// next is what the code tells the client to do. Codes of later versions are not known and mean stop.
func (e *CloseError) next() proto.Next { return proto.CloseCodes[e.Code].Next }

// closeCode gives the code of a close by the server, 0 when err is none.
func closeCode(err error) proto.CloseCode {
	var closed *CloseError
	if errors.As(err, &closed) {
		return closed.Code
	}
	return 0
}

// Problem is an HTTP error of a router or a game server: an RFC 9457 problem document where it sent one.
type Problem struct {
	Status int           `json:"status"`
	Title  string        `json:"title"`
	Detail string        `json:"detail"`
	Retry  time.Duration `json:"-"` // its Retry-After

	// Foreign: the answer is not of a router or a game server, which send problem documents, but of something between:
	// a captive portal, a filter, a proxy that does not reach them.
	Foreign bool `json:"-"`
}

func (p *Problem) Error() string {
	if p.Foreign {
		return fmt.Sprintf("%d %s, not a problem document: something between answers in place of the server", p.Status, p.Title)
	}
	if p.Detail == "" {
		return fmt.Sprintf("%d %s", p.Status, p.Title)
	}
	return fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail)
}

// passing reports whether the same request may be answered otherwise in a moment.
func (p *Problem) passing() bool {
	return p.Status >= 500 || p.Status == http.StatusTooManyRequests || p.Status == http.StatusRequestTimeout
}
