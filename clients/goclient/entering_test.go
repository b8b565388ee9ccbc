package goclient

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// A server whose answer to the hello is wrong is found out before Dial returns.
func TestAWrongAnswerToTheHello(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(r *room) []byte
		says   string
	}{
		{"state without a welcome", func(r *room) []byte { return r.tick() }, "own before the welcome"},
		{"a malformed welcome", func(r *room) []byte { return proto.AppendRecord(nil, proto.KindWelcome, []byte{1, 0}) },
			"welcome: seat: message is cut short"},
		{"another room", func(r *room) []byte {
			return proto.Welcome{Version: 1, TickRate: 20, Room: "r-2", Game: "test"}.Append(nil)
		}, "welcome to room r-2 in place of r-1"},
		{"a schema of garbage", func(r *room) []byte {
			return proto.Welcome{Version: 1, TickRate: 20, Room: "r-1", Game: "test", Schema: []byte{0xff}}.Append(nil)
		}, "bad-message: state: schema"},
		{"a delta in place of the keyframe", func(r *room) []byte {
			b := r.welcome(0)
			return append(b[:len(b)-len(r.keyframe(1))], r.tick()...)
		}, "delta before the keyframe"},
		{"a keyframe of another tick", func(r *room) []byte {
			b := r.welcome(0)
			b = b[:len(b)-len(r.keyframe(1))]
			return proto.Keyframe{Tick: 99}.Append(b)
		}, "keyframe of tick 99 behind a welcome of tick 100"},
		{"a keyframe of garbage", func(r *room) []byte {
			b := r.welcome(0)
			b = b[:len(b)-len(r.keyframe(1))]
			return proto.Keyframe{Tick: 100, Body: bytes.Repeat([]byte{0xff}, 9)}.Append(b)
		}, "bad-state: keyframe of tick 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := newServer(t), newRoom(t)
			s.script(func(p *peer) {
				p.hello()
				p.send(c.answer(r))
				p.wait()
			})
			s.script(func(p *peer) {
				p.hello()
				p.refuse(proto.Error{Code: proto.CloseEnded})
				p.wait()
			})
			var seen []string
			config := s.config()
			config.Events.Violation = func(_ *Client, v Violation, detail string) { seen = append(seen, string(v)+": "+detail) }
			var closed *CloseError
			if _, err := Dial(t.Context(), config); !errors.As(err, &closed) || closed.Code != proto.CloseEnded {
				t.Errorf("Dial: %v, want the second connection's close", err)
			}
			if len(seen) != 1 || !strings.Contains(seen[0], c.says) {
				t.Errorf("violations %q, want one with %q", seen, c.says)
			}
		})
	}
}

func TestUnknownRecordsAreSkipped(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	unknown := proto.AppendRecord(nil, 0x7f, []byte("new"))
	s.script(func(p *peer) {
		p.hello()
		p.send(append(append([]byte(nil), unknown...), r.welcome(0)...))
		p.send(append(append([]byte(nil), unknown...), r.tick()...))
		p.send(proto.Notice{Code: 999, Text: "nothing that a client of today knows"}.Append(nil))
		p.send(r.tick())
		p.wait()
	})
	ticks := make(chan proto.Tick, 2)
	c := s.config()
	c.Events.Frame = func(c *Client) { ticks <- c.Tick() }
	run := dial(t, c, nil)
	for _, want := range []proto.Tick{101, 102} {
		if got := get(t, ticks, "frame"); got != want {
			t.Errorf("tick %d, want %d", got, want)
		}
	}
	if run.Stats().Violations != 0 {
		t.Error("that was a violation")
	}
	if run.Schema().Input.Fields[0].Name != "move" {
		t.Errorf("the schema's input is %+v", run.Schema().Input)
	}
	run.Close()
	run.wait()
}

func TestAPingOfTheServerIsAnsweredWithItsPayload(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	pong := make(chan string, 1)
	s.pong = func(payload []byte) { pong <- string(payload) }
	s.script(func(p *peer) {
		p.enter(r, 0)
		p.ws.WritePing([]byte("are you there"))
		p.wait()
	})
	run := dial(t, s.config(), nil)
	if got := get(t, pong, "pong"); got != "are you there" {
		t.Errorf("pong %q", got)
	}
	run.Close()
	run.wait()
}

func TestRedirectsToNowhere(t *testing.T) {
	for location, says := range map[string]string{
		"":                     "no such URL",
		"://":                  "no such URL",
		"ftp://x/":             "it must begin with ws://host",
		"https://127.0.0.1:1/": "connection refused", // wss, and nobody is there
	} {
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}))
		c := Config{URL: "ws" + strings.TrimPrefix(front.URL, "http"), Ticket: "t"}
		if _, err := Dial(t.Context(), c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("redirect to %q: %v, want %q", location, err, says)
		}
		front.Close()
	}
}

func TestSendCustomIsBounded(t *testing.T) {
	c := &Client{}
	if err := c.SendCustom(make([]byte, proto.MaxCustom+1)); err == nil || !strings.Contains(err.Error(), "1025 bytes, at most 1024") {
		t.Errorf("SendCustom: %v", err)
	}
	if err := c.SendCustom(nil); !errors.Is(err, errLost) {
		t.Errorf("SendCustom outside of a room: %v", err)
	}
}
