package goclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	Party  Invitation   `json:"party"`
}

// ask asks the router for r, or, with match, for a seat in any open room. A refusal is a *Problem.
func ask(ctx context.Context, c Config, r Request, match bool) (admission, error) {
	path := "/v1/rooms"
	if match {
		path = "/v1/match"
	} else {
		r.Where, r.Skill, r.Waiting = nil, nil, "" // the room is known
	}
	var a admission
	from, err := post(ctx, c, path, r, maxAnswer, &a)
	if err != nil {
		return a, err
	}
	a.URL, err = checkPlace(from, a.Room, a.URL)
	return a, err
}

// post sends a request to the router and reads its answer, of at most limit bytes. It gives the address that answered, after redirects.
func post(ctx context.Context, c Config, path string, r any, limit int64, answer any) (from *url.URL, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("room request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.Router, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Identity != "" {
		req.Header.Set("Authorization", "Bearer "+c.Identity)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	if resp.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("router: %w", problemOf(resp, text))
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return nil, fmt.Errorf("router: answer: %w", err)
	}
	from = req.URL
	if resp.Request != nil { // redirects were followed
		from = resp.Request.URL
	}
	return from, nil
}

// checkPlace checks a router's answer and gives the URL to connect to, which may be relative to the address that answered, as a proxy
// shows that.
func checkPlace(from *url.URL, room proto.RoomID, address string) (string, error) {
	if _, err := proto.ParseRoomID(string(room)); err != nil {
		return "", fmt.Errorf("router: answer: %w", err)
	}
	u, err := redirect(from, address)
	if err != nil {
		return "", fmt.Errorf("router: answer: %w", err)
	}
	return u.String(), nil
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
