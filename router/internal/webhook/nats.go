package webhook

import (
	"context"
	"net/url"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsSender publishes to a JetStream stream. Nats-Msg-Id is the outcome's id, so the stream drops a message that it got
// within its duplicate window; after that the consumer does, by the same header.
type natsSender struct {
	endpoint Endpoint
	server   string
	subject  string

	mu   sync.Mutex
	conn *nats.Conn
	js   jetstream.JetStream
}

func newNATSSender(e Endpoint) *natsSender {
	u, _ := url.Parse(e.URL) // Validate has seen it
	subject := strings.TrimPrefix(u.Path, "/")
	u.Path = ""
	return &natsSender{endpoint: e, server: u.String(), subject: subject}
}

// stream connects when it is first needed. The connection reconnects by itself.
func (s *natsSender) stream() (jetstream.JetStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil && !s.conn.IsClosed() {
		return s.js, nil
	}
	options := []nats.Option{nats.Name("ringside"), nats.MaxReconnects(-1), nats.SetCustomDialer(dialer(s.endpoint.Private)),
		nats.ReconnectBufSize(-1)} // publishing while disconnected fails, and is tried again by our own queue
	if s.endpoint.Credentials != "" {
		options = append(options, nats.UserCredentials(s.endpoint.Credentials))
	}
	conn, err := nats.Connect(s.server, options...)
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	s.conn, s.js = conn, js
	return js, nil
}

func (s *natsSender) send(ctx context.Context, m message) result {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	js, err := s.stream()
	if err == nil {
		_, err = js.PublishMsg(ctx, &nats.Msg{Subject: s.subject, Data: m.body, Header: nats.Header{}}, jetstream.WithMsgID(m.id))
	}
	if err != nil {
		return result{err: err.Error()}
	}
	return result{ok: true}
}

func (s *natsSender) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		s.conn.Close()
	}
}
