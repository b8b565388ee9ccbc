package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// message is one attempt.
type message struct {
	id   string
	at   time.Time
	body []byte
}

// result is how an attempt went.
type result struct {
	ok    bool
	gone  bool          // the endpoint wants no more
	after time.Duration // the endpoint asks to wait so long
	err   string        // why not ok, for people
}

// sender sends messages to one endpoint. Send may be called from several goroutines.
type sender interface {
	send(context.Context, message) result
	close()
}

// Limits of one attempt over HTTP.
const (
	attemptTimeout = 10 * time.Second
	maxAnswer      = 16 << 10 // bytes of an answer that are read, so that the connection can be used again
	maxExcerpt     = 200      // bytes of it that people see
)

// webSender posts to a web server.
type webSender struct {
	url    string
	keys   [][]byte
	client *http.Client
}

func newWebSender(e Endpoint) *webSender {
	s := &webSender{url: e.URL}
	for _, secret := range e.Secrets {
		key, _ := decodeSecret(secret) // Validate has seen it
		s.keys = append(s.keys, key)
	}
	s.client = &http.Client{
		Timeout:       attemptTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // no proxy: the check of addresses would see the proxy's
			DialContext:            dialer(e.Private).DialContext,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    parallel,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 16 << 10,
		},
	}
	return s
}

func (s *webSender) send(ctx context.Context, m message) result {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(m.body))
	if err != nil {
		return result{err: err.Error()}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "ringside")
	r.Header.Set("Webhook-Id", m.id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(m.at.Unix(), 10))
	r.Header.Set("Webhook-Signature", sign(s.keys, m.id, m.at, m.body))
	answer, err := s.client.Do(r)
	if err != nil {
		return result{err: err.Error()}
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // the status has decided
	switch {
	case answer.StatusCode/100 == 2:
		return result{ok: true}
	case answer.StatusCode == http.StatusGone:
		return result{gone: true, err: "it answered 410 Gone"}
	}
	failed := result{err: fmt.Sprintf("it answered %s: %.*q", answer.Status, maxExcerpt, text)}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		failed.after = min(time.Duration(min(seconds, 86400))*time.Second, backoffMost)
	}
	return failed
}

func (s *webSender) close() { s.client.CloseIdleConnections() }
