package session

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func TestHandshake(t *testing.T) {
	s := overTCP(t, func(c *Config) { c.Origins = []string{"play.example.com"} })
	c := s.open()
	c.send([]byte(strings.Replace(upgradeRequest, "Host: x", "Host: x\r\nOrigin: https://Play.example.com", 1)))
	r := c.response()
	if r.StatusCode != 101 || r.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" ||
		r.Header.Get("Sec-WebSocket-Protocol") != proto.Subprotocol || r.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Fatalf("%s %v", r.Status, r.Header)
	}
	c.message(helloRecord)
	if g := <-s.admission.entered; g.room != "den" || g.hello.Ticket != "t" {
		t.Fatalf("entered room %q with %+v", g.room, g.hello)
	}
}

// A router names itself in the upgrade; what cannot be a name is none.
func TestRouterOfAConnection(t *testing.T) {
	s := overTCP(t, nil)
	for header, want := range map[string]string{
		"":                                "",
		"X-Ringside-Router: router-1\r\n": "router-1",
		"X-Ringside-Router: " + strings.Repeat("x", proto.MaxServerName+1) + "\r\n": "",
	} {
		c := s.open()
		c.send([]byte(strings.Replace(upgradeRequest, "Host: x\r\n", "Host: x\r\n"+header, 1)))
		if r := c.response(); r.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%s", r.Status)
		}
		c.message(helloRecord)
		if got := (<-s.admission.entered).conn.Router(); got != want {
			t.Errorf("with %q the router is %q, want %q", header, got, want)
		}
	}
}

func TestRefusedBeforeTheUpgrade(t *testing.T) {
	s := overTCP(t, func(c *Config) { c.Origins = []string{"play.example.com"} })
	for _, test := range []struct {
		name, from, to string
		status         int
		says           string
	}{
		{"room id with odd characters", "/den/", "/d%20n/", 400, `room id "d n"`},
		{"room id too long", "/den/", "/" + strings.Repeat("x", 65) + "/", 400, "at most 64"},
		{"method", "GET", "POST", 405, "POST"},
		{"origin", "Host: x", "Host: x\r\nOrigin: https://evil.example", 403, "evil.example"},
		{"origin null", "Host: x", "Host: x\r\nOrigin: null", 403, "null"},
		{"no upgrade", "Upgrade: websocket\r\n", "", 426, "upgrade"},
		{"connection", "keep-alive, Upgrade", "keep-alive", 426, "upgrade"},
		{"WebSocket version", "Version: 13", "Version: 8", 426, "use 13"},
		{"no subprotocol", "Sec-WebSocket-Protocol: ringside.v1\r\n", "", 400, "offer ringside.v1"},
		{"other subprotocol", "ringside.v1", "mqtt, soap", 400, `"mqtt, soap"; offer ringside.v1`},
		{"key", "dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", 400, "16 random bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := s.open()
			c.send([]byte(strings.Replace(upgradeRequest, test.from, test.to, 1)))
			checkProblem(t, c.response(), test.status, test.says)
		})
	}
	if n := s.server.Connections(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func checkProblem(t *testing.T, r *http.Response, status int, says string) {
	t.Helper()
	defer r.Body.Close()
	var p struct {
		Title, Detail string
		Status        int
	}
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != status || p.Status != status || r.Header.Get("Content-Type") != "application/problem+json" ||
		p.Title != http.StatusText(status) || !strings.Contains(p.Detail, says) {
		t.Errorf("%s %v %+v, want %d with %q", r.Status, r.Header, p, status, says)
	}
}

func TestSubprotocolOnASecondLine(t *testing.T) {
	s := overTCP(t, nil)
	c := s.open()
	const header = "Sec-WebSocket-Protocol: "
	c.send([]byte(strings.Replace(upgradeRequest, header, header+"other\r\n"+header+"x, ", 1)))
	if r := c.response(); r.StatusCode != 101 || r.Header.Get("Sec-WebSocket-Protocol") != proto.Subprotocol {
		t.Fatalf("%s %v", r.Status, r.Header)
	}
}

// The library reads the socket only; what the HTTP server has read of the next bytes must not be lost.
func TestBytesBehindTheUpgradeRequest(t *testing.T) {
	s := overTCP(t, nil)
	c := s.open()
	b := append([]byte(upgradeRequest), masked(finBit|opBinary, helloRecord)...)
	long := proto.Custom{Payload: []byte(strings.Repeat("x", proto.MaxCustom))}.Append(nil)
	b = append(b, masked(finBit|opBinary, long)...)
	half := masked(finBit|opBinary, proto.Input{First: 7, Count: 1, Samples: []byte{1}}.Append(nil))
	b = append(b, half[:3]...)
	c.send(b)
	c.response()
	g := <-s.admission.entered
	c.send(half[3:])
	want := "custom:" + strings.Repeat("x", proto.MaxCustom) + " input:7"
	eventually(t, "all three messages", func() bool { return g.noted() == want })
}

// Beyond -max-entered a newcomer is told to ask the router again, and a client with a resume token comes in.
func TestEnteredLimit(t *testing.T) {
	l := roomy
	l.Connections, l.Entered = 4, 2
	s := overTCP(t, func(c *Config) { c.Gate = gate(l) })
	first, _ := s.enter()
	s.enter()
	c := s.connect()
	c.message(helloRecord)
	c.closed(proto.CloseOverloaded)
	_ = c.conn.Close()
	eventually(t, "the refused one is gone", func() bool { return s.server.Connections() == 2 })
	back := s.connect()
	back.message(proto.Hello{Versions: proto.Spoken(), Resume: []byte("token")}.Append(nil))
	<-s.admission.entered
	_, _ = first.conn.Close(), back.conn.Close()
	eventually(t, "the places are free", func() bool { return s.server.Connections() == 1 })
	s.enter()
}

// serve asks without a connection that could be taken over.
func (s *setup) serve() *http.Response {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(upgradeRequest)))
	if err != nil {
		s.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w.Result()
}

func TestNotToBeTakenOver(t *testing.T) {
	l := roomy
	l.Connections, l.Entered = 1, 1
	s := overTCP(t, func(c *Config) { c.Gate = gate(l) })
	for range 2 { // the place is given back
		checkProblem(t, s.serve(), 505, "HTTP/1.1")
	}
}

func TestConfigValidate(t *testing.T) {
	for says, set := range map[string]func(*Config){
		"no Gate":                 func(c *Config) { c.Gate = nil },
		"OutboxBytes is 4095":     func(c *Config) { c.OutboxBytes = 4<<10 - 1 },
		"OutboxBytes is 16777217": func(c *Config) { c.OutboxBytes = 16<<20 + 1 },
		"Logger and Metrics":      func(c *Config) { c.Logger = nil },
		"start from Default":      func(c *Config) { c.Metrics = nil },
		`origin "https://x"`:      func(c *Config) { c.Origins = []string{"https://x"} },
	} {
		if _, err := New(testConfig(set), &testAdmission{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error is %v, want %q", err, says)
		}
	}
}
