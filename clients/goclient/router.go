package goclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// askTimeout bounds one request to a router.
	askTimeout = 5 * time.Second
	// maxAnswer bounds its answer in bytes: a ticket of proto.MaxTicket and some fields.
	maxAnswer = 16 << 10
)

// admission is a router's answer: where the room is and the permission to enter it.
type admission struct {
	Room   proto.RoomID `json:"room"`
	URL    string       `json:"url"`
	Guest  string       `json:"guest"` // secret of a guest that the router has made
	Ticket string       `json:"ticket"`
	Code   string       `json:"code"` // of a private room
}

// ask asks the router for r, or, with match, for a seat in any open room. A refusal is a *Problem.
func ask(ctx context.Context, c Config, r Request, match bool) (admission, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var a admission
	body, err := json.Marshal(r)
	if err != nil {
		return a, fmt.Errorf("room request: %w", err)
	}
	path := "/v1/rooms"
	if match {
		path = "/v1/match"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.Router, "/")+path, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Identity != "" {
		req.Header.Set("Authorization", "Bearer "+c.Identity)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return a, fmt.Errorf("router: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return a, fmt.Errorf("router: %w", err)
	}
	if resp.StatusCode != http.StatusCreated {
		return a, fmt.Errorf("router: %w", problemOf(resp, answer))
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return a, fmt.Errorf("router: answer: %w", err)
	}
	if _, err := proto.ParseRoomID(string(a.Room)); err != nil {
		return a, fmt.Errorf("router: answer: %w", err)
	}
	from := req.URL
	if resp.Request != nil { // redirects were followed
		from = resp.Request.URL
	}
	u, err := redirect(from, a.URL) // it may be relative to the address that answered, as a proxy shows that
	if err != nil {
		return a, fmt.Errorf("router: answer: %w", err)
	}
	a.URL = u.String()
	return a, nil
}

// problemOf makes an error of an HTTP answer, with the body's words where it is a problem document.
func problemOf(resp *http.Response, body []byte) *Problem {
	p := &Problem{}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		_ = json.Unmarshal(body, p) // a broken document leaves the status line
	} else {
		p.Foreign = true
	}
	p.Status = resp.StatusCode
	if p.Title == "" {
		p.Title = http.StatusText(resp.StatusCode)
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		p.Retry = time.Duration(s) * time.Second
	}
	return p
}
