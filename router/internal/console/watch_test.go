package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/console"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// testbed is a router that runs in a bubble: clients reach it through pipes, and the servers that it asks are texts.
type testbed struct {
	t      *testing.T
	config gateway.Config
	texts  *fake.Texts
	source *membership.Static
	conns  chan net.Conn
	stop   func()     // begins its end
	done   chan error // Run has returned
}

const summaryPath, detailsPath = "/v1/server", "/v1/server/details"

const mostStreams = 200

// inBubble runs f in a bubble with a router that runs. Its servers are named; each answers {} until told otherwise.
func inBubble(t *testing.T, names []membership.ServerName, f func(s *testbed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &testbed{t: t, conns: make(chan net.Conn), done: make(chan error, 1), texts: fake.NewTexts()}
		c := gateway.DefaultConfig()
		c.Signer, c.Metrics, c.Drain = ticket.NewSigner(ticket.DevKey()), obs.NewRouterMetrics(nil), 0
		c.Network = s.texts
		c.Operator, _ = ticket.NewOperator("", true)
		c.Limits = edge.Limits{Connections: 1000, Entered: 1000, Unentered: 100, Idle: 100, Streams: mostStreams, AddressShare: 1}
		s.source = membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving})
		s.source.Set(s.texts.Servers(names...)...)
		g, err := gateway.New(c, s.source)
		if err != nil {
			t.Fatal(err)
		}
		s.config = c
		ctx, stop := context.WithCancel(t.Context())
		s.stop = stop
		go func() { s.done <- g.Run(ctx, s, nil, routertest.Member{Static: s.source}) }()
		synctest.Wait()
		f(s)
		stop()
		if err := <-s.done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func (s *testbed) answer(server, path, text string) { s.texts.Answer(server, path, text) }

func (s *testbed) requests(server, path string) int { return s.texts.Requests(server, path) }

// The listener of pipes.
func (s *testbed) Accept() (net.Conn, error) {
	if c, ok := <-s.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (s *testbed) Close() error   { close(s.conns); return nil }
func (s *testbed) Addr() net.Addr { return &net.TCPAddr{} }

// watcher is a client that reads the router's events.
type watcher struct {
	t    *testing.T
	conn net.Conn
	resp *http.Response
	r    *bufio.Reader
}

// ask sends a request for the events; header is whole lines.
func (s *testbed) ask(method, header string) *watcher {
	s.t.Helper()
	client, server := net.Pipe()
	s.t.Cleanup(func() { client.Close() })
	s.conns <- server
	if _, err := io.WriteString(client, method+" /v1/fleet/events HTTP/1.1\r\nHost: localhost\r\n"+header+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(client), &http.Request{Method: method})
	if err != nil {
		s.t.Fatal(err)
	}
	return &watcher{s.t, client, resp, bufio.NewReader(resp.Body)}
}

// watch follows the events.
func (s *testbed) watch() *watcher {
	s.t.Helper()
	w := s.ask("GET", "")
	if w.resp.StatusCode != 200 {
		s.t.Fatalf("got %s", w.resp.Status)
	}
	if line := w.line(); line != ": the fleet as this router sees it" || w.line() != "" {
		s.t.Fatalf("the stream begins with %q", line)
	}
	return w
}

func (w *watcher) line() string {
	w.t.Helper()
	line, err := w.r.ReadString('\n')
	if err != nil {
		w.t.Fatalf("the stream ends with %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// heard is what the tests read of an event.
type heard struct {
	event  string
	Time   time.Time
	Router string
	Mode   string
	console.SnapshotChange
}

func (w *watcher) next() (h heard) {
	w.t.Helper()
	event, data, end := w.line(), w.line(), w.line()
	h.event = strings.TrimPrefix(event, "event: ")
	if err := json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &h); err != nil || end != "" {
		w.t.Fatalf("got %q, %q, %q: %v", event, data, end, err)
	}
	return h
}

// skip reads until ok says so of an event, and gives that one.
func (w *watcher) skip(ok func(heard) bool) heard {
	w.t.Helper()
	for range 100 {
		if h := w.next(); ok(h) {
			return h
		}
	}
	w.t.Fatal("not among 100 events")
	return heard{}
}

func (s *testbed) watchers() float64 {
	synctest.Wait()
	return testutil.ToFloat64(s.config.Metrics.Watchers)
}

func TestWatch(t *testing.T) {
	inBubble(t, []membership.ServerName{"game-1", "game-2"}, func(s *testbed) {
		s.answer("game-1", summaryPath, `{"rooms":900,"players":3,"replicas":1,"moving":2,"busy":42,"memory":77,"ticks":{"p99_ms":1.28,"late":5},"moves":{"move":2}}`)
		s.answer("game-1", detailsPath, `{"rooms":[{"room":"r","game":"arena","role":"leading","epoch":"1@game-1","standbys":["game-2"],"tick":7,
			"tick_rate":30,"seats":8,"connected":3,"late":1,"match":2,"age_s":4}],"more":true,"sees":{"quorum":true,"members":{"game-1":"serving"},"gone":{"game-9":"left"}},
			"events":[{"serial":1,"time":"2001-09-09T01:46:41Z","kind":"move","room":"r","from":"a","to":"b"}]}`)
		time.Sleep(2 * servers.PollInterval)
		w := s.watch()
		if got := w.resp.Header; got.Get("Content-Type") != "text/event-stream" || got.Get("Cache-Control") != "no-store, no-transform" || got.Get("X-Accel-Buffering") != "no" {
			t.Errorf("header is %v", got)
		}
		h := w.next()
		if h.event != "snapshot" || h.Router != "router-1" || h.Mode != "redirect" || !h.Time.Equal(time.Now()) || len(h.Members) != 3 || len(h.Rooms) != 1 || len(h.Views) != 2 || len(h.Events) != 1 {
			t.Fatalf("the snapshot is %+v", h)
		}
		if m := h.Members[0]; m.Name != "game-1" || !m.Reachable || !m.Known || m.Age != 0 || m.Rooms != 900 || m.Unlisted != 899 || m.Players != 3 || m.Busy != 42 || m.Replicas != 1 || m.Moving != 2 ||
			m.Memory != 77 || m.P99 != 1.28 || m.Late != 5 || m.Moves["move"] != 2 || m.Weight != 1 {
			t.Errorf("game-1 is %+v", m)
		}
		if r := h.Rooms[0]; r.Room != "r" || r.Server != "game-1" || r.Epoch != "1@game-1" || r.Standbys[0] != "game-2" || r.Players != 3 || r.Seats != 8 || r.TickRate != 30 || r.Match != 2 {
			t.Errorf("the room is %+v", r)
		}
		if v := h.Views["game-1"]; !v.Quorum || v.Gone["game-9"] != membership.Left {
			t.Errorf("game-1 sees %+v", v)
		}
		if v := h.Views["router-1"]; v.Members["game-2"] != membership.Serving {
			t.Errorf("the router sees %+v", v)
		}

		// Nothing new: a beat, a second later.
		begun := time.Now()
		h = w.next()
		if took := time.Since(begun); h.event != "change" || took < console.WatchBeat || took >= console.WatchBeat+console.WatchInterval || len(h.Members)+len(h.Rooms)+len(h.Views)+len(h.Events) != 0 {
			t.Errorf("after %v: %+v", took, h)
		}
		// The room moves. For a moment both have it.
		s.answer("game-2", detailsPath, `{"rooms":[{"room":"r","epoch":"2@game-2","role":"leading"}]}`)
		h = w.next()
		if took := time.Since(begun); took > console.WatchBeat+2*console.WatchInterval || len(h.Rooms) != 1 || h.Rooms[0].Server != "game-2" || len(h.Ended) != 0 {
			t.Errorf("after %v: %+v", took, h)
		}
		s.answer("game-1", detailsPath, `{}`)
		s.answer("game-1", summaryPath, `{"rooms":899}`)
		h = w.skip(func(h heard) bool {
			if len(h.Rooms)+len(h.Ended) != 0 {
				t.Errorf("when the old leader has forgotten it: %+v", h)
			}
			return len(h.Members) == 1 && h.Members[0].Rooms == 899 && h.Members[0].Unlisted == 0
		})
		// Its server dies: the room stays where it was seen last, until the server is no member any more.
		s.answer("game-2", summaryPath, "")
		s.answer("game-2", detailsPath, "")
		begun = time.Now()
		h = w.skip(func(h heard) bool { return len(h.Members) > 0 && h.Members[0].Name == "game-2" })
		if took := time.Since(begun); len(h.Members) != 1 || h.Members[0].Reachable || !h.Members[0].Known || h.Members[0].Error == "" || len(h.Ended) != 0 || took > 2*servers.PollInterval {
			t.Errorf("when game-2 is silent, after %v: %+v", took, h)
		}
		h = w.skip(func(h heard) bool { return len(h.Members) > 0 })
		if took := time.Since(begun); h.Members[0].Age < 3 || time.Duration(h.Members[0].Age)*time.Second > took+2*servers.PollInterval {
			t.Errorf("after %v the figures are said to be %d s old", took, h.Members[0].Age)
		}
		s.source.Lose("game-2", membership.Refused)
		h = w.skip(func(h heard) bool { return len(h.Left) > 0 })
		if h.Left[0] != "game-2" || len(h.Ended) != 1 || h.Ended[0] != "r" || len(h.Events) != 1 || h.Events[0].Kind != console.EventLeave || h.Events[0].Member != "game-2" || h.Events[0].Why != "refused" {
			t.Errorf("when game-2 has left: %+v", h)
		}
		// A later watcher hears of all events, those of the lost server too.
		if h = s.watch().next(); h.event != "snapshot" || len(h.Events) != 2 {
			t.Errorf("a later watcher gets %+v", h)
		}
		// The stream goes on past all timeouts that the HTTP server has for requests.
		begun = time.Now()
		w.skip(func(heard) bool { return time.Since(begun) > 80*time.Second })
	})
}

// Without watchers a server costs its summary only, and many watchers cost no more than one. No server lists all its rooms.
func TestWatchersShareTheAnswers(t *testing.T) {
	inBubble(t, []membership.ServerName{"game-1"}, func(s *testbed) {
		nobody := func(when string) {
			t.Helper()
			s.requests("game-1", detailsPath)
			s.requests("game-1", summaryPath)
			time.Sleep(time.Hour)
			if n := s.requests("game-1", detailsPath); n != 0 {
				t.Errorf("%s the server is asked for its details %d times in an hour", when, n)
			}
			if n := s.requests("game-1", summaryPath); n < 3500 || n > 3700 {
				t.Errorf("%s the server is asked for its summary %d times in an hour, want about once a second", when, n)
			}
		}
		nobody("before anybody watches")
		const many = 50
		var watchers []*watcher
		for range many {
			watchers = append(watchers, s.watch())
		}
		var reading sync.WaitGroup
		for _, w := range watchers {
			reading.Go(func() { _, _ = io.Copy(io.Discard, w.r) })
		}
		time.Sleep(10*console.WatchInterval + console.WatchInterval/2)
		if n := s.requests("game-1", detailsPath); n != 11 {
			t.Errorf("asked %d times in 10 intervals, want 11", n)
		}
		if n := s.watchers(); n != many {
			t.Errorf("%v watchers are counted", n)
		}
		for _, w := range watchers {
			w.conn.Close()
		}
		reading.Wait()
		if n := s.watchers(); n != 0 {
			t.Errorf("%v watchers are counted after all have gone", n)
		}
		time.Sleep(console.WatchInterval)
		nobody("after the last watcher has gone")
		// What was seen an hour ago is not shown to the next one.
		if h := s.watch().next(); h.event != "snapshot" || time.Since(h.Time) > console.WatchInterval {
			t.Errorf("got %v of %v", h.event, h.Time)
		}
		if n := s.requests("game-1", "/v1/server/rooms"); n > 0 {
			t.Errorf("the server was asked %d times for all its rooms", n)
		}
	})
}

// A watcher that does not read delays nobody. When it reads again it gets the whole snapshot in place of all that it missed. After
// api.WriteTimeout it is disconnected.
func TestSlowWatcher(t *testing.T) {
	inBubble(t, []membership.ServerName{"game-1"}, func(s *testbed) {
		slow, other := s.watch(), s.watch()
		slow.next()
		other.next()
		players := 0
		change := func() {
			players++
			s.answer("game-1", detailsPath, fmt.Sprintf(`{"rooms":[{"room":"r","connected":%d}]}`, players))
			if h := other.next(); len(h.Rooms) != 1 || h.Rooms[0].Players != players {
				t.Fatalf("the other one gets %+v, want %d players", h, players)
			}
		}
		for range 20 {
			change()
		}
		events := []heard{slow.next(), slow.next()}
		if events[0].event != "change" || events[0].Rooms[0].Players != 1 || events[1].event != "snapshot" || events[1].Rooms[0].Players != 20 {
			t.Errorf("it gets %+v", events)
		}
		change()
		if h := slow.next(); h.event != "change" || h.Rooms[0].Players != 21 {
			t.Errorf("then it gets %+v", h)
		}
		for begun := time.Now(); time.Since(begun) < api.WriteTimeout+2*console.WatchInterval; {
			change()
		}
		if n := s.watchers(); n != 1 {
			t.Errorf("%v watchers are counted, want the other one", n)
		}
	})
}

func TestTooManyWatchers(t *testing.T) {
	inBubble(t, nil, func(s *testbed) {
		var all []*watcher
		for range mostStreams {
			all = append(all, s.watch())
		}
		resp := s.ask("GET", "").resp
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("one more gets %s", resp.Status)
		}
		fake.CheckProblem(t, resp, http.StatusServiceUnavailable, "(200)")
		all[0].conn.Close()
		synctest.Wait()
		s.watch()
	})
}

// A router that stops ends the streams before it waits for requests, and takes no more.
func TestWatchersAtShutdown(t *testing.T) {
	inBubble(t, []membership.ServerName{"game-1"}, func(s *testbed) {
		w, stuck := s.watch(), s.watch()
		w.next()
		begun := time.Now()
		s.stop()
		if _, err := io.Copy(io.Discard, w.r); err != nil {
			t.Errorf("the stream ends with %v, want EOF", err)
		}
		if took := time.Since(begun); took > console.WatchInterval {
			t.Errorf("it ended after %v", took)
		}
		err := <-s.done // though the other one never reads
		s.done <- err
		if took := time.Since(begun); took > 5*time.Second+time.Second {
			t.Errorf("Run returned after %v", took)
		}
		stuck.conn.Close()
	})
}

func TestOddWatchers(t *testing.T) {
	inBubble(t, nil, func(s *testbed) {
		for _, id := range []string{"7", "x", strings.Repeat("9", 1000)} {
			w := s.ask("GET", "Last-Event-ID: "+id+"\r\n")
			w.line()
			w.line()
			if h := w.next(); h.event != "snapshot" {
				t.Errorf("with the last event %.10s one gets a %s", id, h.event)
			}
			w.conn.Close()
		}
		if w := s.ask("HEAD", ""); w.resp.StatusCode != 200 || w.resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("HEAD: %s %v", w.resp.Status, w.resp.Header)
		}
		fake.CheckProblem(t, s.ask("POST", "Content-Length: 0\r\n").resp, http.StatusMethodNotAllowed, "answers GET")
		if n := s.watchers(); n != 0 {
			t.Errorf("%v watchers are counted", n)
		}
	})
}
