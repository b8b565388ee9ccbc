package goclient

import (
	"errors"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// The client says what it speaks, and plays in any of these versions that the server chooses.
func TestTheServerChoosesTheVersion(t *testing.T) {
	for _, speaks := range []proto.Versions{{Newest: 1, Oldest: 1}, {Newest: 2, Oldest: 1}} {
		s, r := newServer(t), newRoom(t)
		s.script(func(p *peer) {
			if h := p.enter(r, 0); h.Versions != speaks {
				t.Errorf("the hello says %v, want %v", h.Versions, speaks)
			}
			p.send(r.tick())
			p.wait()
		})
		c := s.config()
		c.versions = speaks
		frames := make(chan proto.Tick, 1)
		c.Events.Frame = func(c *Client) { frames <- c.Tick() }
		run := dial(t, c, nil)
		if tick := get(t, frames, "frame"); tick != 101 {
			t.Errorf("tick %d, want 101", tick)
		}
		run.Close()
		run.wait()
	}
}

// A version that the client does not speak, and a server that finds none in common, are the end.
func TestNoCommonVersion(t *testing.T) {
	for _, c := range []struct {
		name   string
		speaks proto.Versions
		chosen uint8
		says   string
	}{
		{"later", proto.Versions{Newest: 1, Oldest: 1}, 2, "the server chose version 2, this client speaks 1"},
		{"earlier", proto.Versions{Newest: 3, Oldest: 2}, 1, "the server chose version 1, this client speaks 2 to 3"},
		{"none", proto.Versions{Newest: 3, Oldest: 2}, 0, "this server is too old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := newServer(t), newRoom(t)
			r.version = c.chosen
			s.script(func(p *peer) {
				p.hello()
				if c.chosen == 0 {
					p.refuse(proto.Error{Code: proto.CloseVersion, Text: c.says})
				} else {
					p.send(r.welcome(0))
				}
				p.wait()
			})
			config := s.config()
			config.versions = c.speaks
			_, err := Dial(t.Context(), config)
			var closed *CloseError
			if !errors.As(err, &closed) || closed.Code != proto.CloseVersion || !strings.Contains(closed.Text, c.says) {
				t.Errorf("error %v, want %v: %s", err, proto.CloseVersion, c.says)
			}
		})
	}
}
