package session

import (
	"testing"
	"testing/synctest"

	"github.com/ringside-go/ringside/proto"
)

// Servers and clients of neighbouring releases talk in the newest version that both speak; those too far apart are told
// which of them is to be updated.
func TestVersionsAreNegotiated(t *testing.T) {
	one, both, two := proto.Versions{Newest: 1, Oldest: 1}, proto.Versions{Newest: 2, Oldest: 1}, proto.Versions{Newest: 2, Oldest: 2}
	for _, c := range []struct {
		name           string
		server, client proto.Versions
		version        uint8
		refused        string
	}{
		{"older server, newer client", one, both, 1, ""},
		{"newer server, older client", both, one, 1, ""},
		{"both newer", both, two, 2, ""},
		{"client too old", two, one, 0, "the client is too old: it speaks version 1, this server 2; update the client"},
		{"server too old", both, proto.Versions{Newest: 5, Oldest: 3}, 0,
			"this server is too old: it speaks version 1 to 2, the client 3 to 5; come back when it is updated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, s *setup) {
				s.server.versions = c.server
				conn := s.connect()
				conn.message(hello(c.client))
				if c.refused != "" {
					if text := conn.closed(proto.CloseVersion); text != c.refused {
						t.Errorf("the text is %q, want %q", text, c.refused)
					}
					_ = conn.end()
					return
				}
				g := <-s.admission.entered
				if g.hello.Versions.Newest != c.version || g.hello.Ticket != "t" {
					t.Errorf("admission was given %+v, want version %d", g.hello, c.version)
				}
				conn.message(input(1))
				synctest.Wait()
				if g.noted() != "input:1" {
					t.Errorf("the occupant noted %q", g.noted())
				}
			})
		})
	}
}

// hello is one of a client of these versions, whose later ones have appended something.
func hello(v proto.Versions) []byte {
	_, body, _, _ := proto.NextRecord(proto.Hello{Versions: v, Ticket: "t"}.Append(nil))
	if v.Newest > proto.Version {
		body = append(body, "of later versions"...)
	}
	return proto.AppendRecord(nil, proto.KindHello, body)
}
