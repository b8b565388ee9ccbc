package front

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
)

// stage is a router that runs in a bubble: clients reach it through pipes, and the servers that it asks are reports.
type stage struct {
	t      *testing.T
	front  *Front
	source *membership.Static
	conns  chan net.Conn
	stop   func()     // begins its end
	done   chan error // Run has returned

	mu      sync.Mutex
	reports map[string]string // JSON by server name; none: connections are refused
	asked   map[string]int
}

// onStage runs f in a bubble with a router that runs. Its servers are named; each reports nothing until told otherwise.
func onStage(t *testing.T, servers []membership.ServerName, f func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, conns: make(chan net.Conn), done: make(chan error, 1), reports: map[string]string{}, asked: map[string]int{}}
		c := DefaultConfig()
		c.Signer, c.Metrics, c.Drain = ticket.NewSigner(ticket.DevKey()), obs.NewMetrics(nil), 0
		s.source = membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving})
		var all []membership.Member
		for _, name := range servers {
			s.reports[string(name)] = "{}"
			all = append(all, membership.Member{Name: name, Role: membership.GameServer, State: membership.Serving, URL: "http://" + string(name)})
		}
		s.source.Set(all...)
		var err error
		if s.front, err = New(c, s.source); err != nil {
			t.Fatal(err)
		}
		s.front.survey.client.Transport = s
		ctx, stop := context.WithCancel(t.Context())
		s.stop = stop
		go func() { s.done <- s.front.Run(ctx, s, &member{Static: s.source}) }()
		synctest.Wait()
		f(s)
		stop()
		if err := <-s.done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func (s *stage) report(server, report string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports[server] = report
}

// RoundTrip answers for the servers.
func (s *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[r.URL.Host]++
	report, ok := s.reports[r.URL.Host]
	if !ok || report == "" {
		return nil, errors.New("connection refused")
	}
	rec := httptest.NewRecorder()
	_, _ = io.WriteString(rec, report)
	return rec.Result(), nil
}

// The listener of pipes.
func (s *stage) Accept() (net.Conn, error) {
	if c, ok := <-s.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (s *stage) Close() error   { close(s.conns); return nil }
func (s *stage) Addr() net.Addr { return &net.TCPAddr{} }

// watcher is a client that reads the router's events.
type watcher struct {
	t    *testing.T
	conn net.Conn
	resp *http.Response
	r    *bufio.Reader
}

// ask sends a request for the events; header is whole lines.
func (s *stage) ask(method, header string) *watcher {
	s.t.Helper()
	client, server := net.Pipe()
	s.t.Cleanup(func() { client.Close() })
	s.conns <- server
	if _, err := io.WriteString(client, method+" /v1/fleet/events HTTP/1.1\r\nHost: fleet.example.com\r\n"+header+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(client), &http.Request{Method: method})
	if err != nil {
		s.t.Fatal(err)
	}
	return &watcher{s.t, client, resp, bufio.NewReader(resp.Body)}
}

// watch follows the events.
func (s *stage) watch() *watcher {
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
	pictureChange
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

func (s *stage) watchers() float64 {
	synctest.Wait()
	return testutil.ToFloat64(s.front.config.Metrics.Watchers)
}

func TestWatch(t *testing.T) {
	onStage(t, []membership.ServerName{"game-1", "game-2"}, func(s *stage) {
		s.report("game-1", `{"rooms":[{"room":"r","game":"arena","role":"leading","epoch":"1@game-1","standbys":["game-2"],"tick":7,
			"tick_rate":30,"seats":8,"connected":3,"late":1,"match":2,"age_s":4}],"copies":[{}],"load":{"rooms":1,"players":3,"busy":42},
			"ticks":{"p99_ms":1.28,"late":5},"sees":{"quorum":true,"members":{"game-1":"serving"},"gone":{"game-9":"left"}},"moves":{"move":2},
			"events":[{"serial":1,"time":"2001-09-09T01:46:41Z","kind":"move","room":"r","from":"a","to":"b"}]}`)
		w := s.watch()
		if got := w.resp.Header; got.Get("Content-Type") != "text/event-stream" || got.Get("Cache-Control") != "no-store, no-transform" || got.Get("X-Accel-Buffering") != "no" {
			t.Errorf("header is %v", got)
		}
		h := w.next()
		if h.event != "snapshot" || h.Router != "router-1" || h.Mode != "redirect" || !h.Time.Equal(time.Now()) || len(h.Members) != 3 || len(h.Rooms) != 1 || len(h.Views) != 2 || len(h.Events) != 1 {
			t.Fatalf("the snapshot is %+v", h)
		}
		if m := h.Members[0]; m.Name != "game-1" || !m.Reachable || m.Rooms != 1 || m.Players != 3 || m.Busy != 42 || m.Copies != 1 || m.P99 != 1.28 || m.Late != 5 || m.Moves["move"] != 2 || m.Weight != 1 {
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
		if took := time.Since(begun); h.event != "change" || took < watchBeat || took >= watchBeat+watchInterval || len(h.Members)+len(h.Rooms)+len(h.Views)+len(h.Events) != 0 {
			t.Errorf("after %v: %+v", took, h)
		}
		// The room moves. For a moment both have it.
		s.report("game-2", `{"rooms":[{"room":"r","epoch":"2@game-2","role":"leading"}]}`)
		h = w.next()
		if took := time.Since(begun); took > watchBeat+2*watchInterval || len(h.Rooms) != 1 || h.Rooms[0].Server != "game-2" || len(h.Ended) != 0 {
			t.Errorf("after %v: %+v", took, h)
		}
		s.report("game-1", `{}`)
		if h = w.next(); len(h.Members) != 1 || len(h.Rooms)+len(h.Ended) != 0 {
			t.Errorf("when the old leader has forgotten it: %+v", h)
		}
		// Its server dies: the room stays where it was seen last, until the server is no member any more.
		s.report("game-2", "")
		if h = w.next(); len(h.Members) != 1 || h.Members[0].Reachable || h.Members[0].Error == "" || len(h.Ended) != 0 {
			t.Errorf("when game-2 is silent: %+v", h)
		}
		s.source.Lose("game-2", membership.Refused)
		h = w.skip(func(h heard) bool { return len(h.Left) > 0 })
		if h.Left[0] != "game-2" || len(h.Ended) != 1 || h.Ended[0] != "r" || len(h.Events) != 1 || h.Events[0].Kind != eventLeave || h.Events[0].Member != "game-2" || h.Events[0].Why != "refused" {
			t.Errorf("when game-2 has left: %+v", h)
		}
		// Who comes now hears of all events, those of the lost server too.
		if h = s.watch().next(); h.event != "snapshot" || len(h.Events) != 2 {
			t.Errorf("a later watcher gets %+v", h)
		}
		// The stream goes on past all timeouts that the HTTP server has for requests.
		begun = time.Now()
		w.skip(func(heard) bool { return time.Since(begun) > 80*time.Second })
	})
}

// Nobody asks the servers while nobody watches, and many watchers cost no more than one.
func TestWatchersShareTheSurvey(t *testing.T) {
	onStage(t, []membership.ServerName{"game-1"}, func(s *stage) {
		asked := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			n := s.asked["game-1"]
			s.asked["game-1"] = 0
			return n
		}
		time.Sleep(time.Hour)
		if n := asked(); n != 0 {
			t.Errorf("asked %d times for nobody", n)
		}
		const many = 50
		var watchers []*watcher
		for range many {
			watchers = append(watchers, s.watch())
		}
		var reading sync.WaitGroup
		for _, w := range watchers {
			reading.Go(func() { _, _ = io.Copy(io.Discard, w.r) })
		}
		time.Sleep(10*watchInterval + watchInterval/2)
		if n := asked(); n != 11 {
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
		time.Sleep(watchInterval)
		asked()
		time.Sleep(time.Hour)
		if n := asked(); n != 0 {
			t.Errorf("asked %d times after the last one has gone", n)
		}
		// What was seen an hour ago is not shown to the next one.
		if h := s.watch().next(); h.event != "snapshot" || time.Since(h.Time) > watchInterval {
			t.Errorf("got %v of %v", h.event, h.Time)
		}
	})
}

// A watcher who does not read holds up nobody. When he reads again he gets the whole picture in place of all that he
// missed; after watchPatience he is gone.
func TestSlowWatcher(t *testing.T) {
	onStage(t, []membership.ServerName{"game-1"}, func(s *stage) {
		slow, brisk := s.watch(), s.watch()
		slow.next()
		brisk.next()
		players := 0
		change := func() {
			players++
			s.report("game-1", fmt.Sprintf(`{"load":{"players":%d}}`, players))
			if h := brisk.next(); len(h.Members) != 1 || h.Members[0].Players != players {
				t.Fatalf("the other one gets %+v, want %d players", h, players)
			}
		}
		for range 20 {
			change()
		}
		events := []heard{slow.next(), slow.next()}
		if events[0].event != "change" || events[0].Members[0].Players != 1 || events[1].event != "snapshot" || events[1].Members[0].Players != 20 {
			t.Errorf("he gets %+v", events)
		}
		change()
		if h := slow.next(); h.event != "change" || h.Members[0].Players != 21 {
			t.Errorf("then he gets %+v", h)
		}
		for begun := time.Now(); time.Since(begun) < watchPatience+2*watchInterval; {
			change()
		}
		if n := s.watchers(); n != 1 {
			t.Errorf("%v watchers are counted, want the other one", n)
		}
	})
}

func TestTooManyWatchers(t *testing.T) {
	onStage(t, nil, func(s *stage) {
		var all []*watcher
		for range maxWatchers {
			all = append(all, s.watch())
		}
		resp := s.ask("GET", "").resp
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("one more gets %s", resp.Status)
		}
		checkProblem(t, resp, http.StatusServiceUnavailable, "200 others watch the fleet")
		all[0].conn.Close()
		synctest.Wait()
		s.watch()
	})
}

// A router that stops ends the streams before it waits for requests, and takes no more.
func TestWatchersAtShutdown(t *testing.T) {
	onStage(t, []membership.ServerName{"game-1"}, func(s *stage) {
		w, stuck := s.watch(), s.watch()
		w.next()
		begun := time.Now()
		s.stop()
		if _, err := io.Copy(io.Discard, w.r); err != nil {
			t.Errorf("the stream ends with %v, want EOF", err)
		}
		if took := time.Since(begun); took > watchInterval {
			t.Errorf("it ended after %v", took)
		}
		if err := s.front.watch.enter(); err == nil || !strings.Contains(err.Error(), "stopping") {
			t.Errorf("another watcher gets %v", err)
		}
		err := <-s.done // though the other one never reads
		s.done <- err
		if took := time.Since(begun); took > shutdownTimeout+time.Second {
			t.Errorf("Run returned after %v", took)
		}
		stuck.conn.Close()
	})
}

func TestOddWatchers(t *testing.T) {
	onStage(t, nil, func(s *stage) {
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
		checkProblem(t, s.ask("POST", "Content-Length: 0\r\n").resp, http.StatusMethodNotAllowed, "answers GET")
		if n := s.watchers(); n != 0 {
			t.Errorf("%v watchers are counted", n)
		}
	})
}
