//go:build unix

package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// withDescriptors in the environment is how many descriptors this test binary may have.
const withDescriptors = "SERVER_TEST_DESCRIPTORS"

func limitDescriptors() {
	n, err := strconv.ParseUint(os.Getenv(withDescriptors), 10, 32)
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n})
		if err != nil {
			panic(err)
		}
	}
}

// floodedFleet is three servers, of which the first one has few descriptors, and a player in a room that it leads.
type floodedFleet struct {
	t      *testing.T
	url    string // of the first one
	others []string
	client *goclient.Client
	frames atomic.Uint64
	log    sync.Map // lines of the first one
}

func newFloodedFleet(t *testing.T, args ...string) *floodedFleet {
	t.Helper()
	if testing.Short() {
		t.Skip("runs processes")
	}
	f := &floodedFleet{t: t}
	seeds := ""
	for i := range 3 {
		env, all := []string(nil), []string{fmt.Sprint("-name=gs-", i+1), "-listen=127.0.0.1:0", "-log-format=json", "-seeds=" + seeds}
		if i == 0 {
			env, all = []string{withDescriptors + "=256"}, append(all, args...)
		}
		p := runProgram(t, env, all...)
		line := p.logged("server starts")
		if i == 0 {
			seeds, f.url = attr(line, "gossip"), attr(line, "url")
		} else {
			f.others = append(f.others, attr(line, "url"))
		}
		go func() {
			for p.lines.Scan() {
				if i == 0 {
					f.log.Store(p.lines.Text(), nil)
				}
			}
		}()
	}
	for _, url := range append(f.others, f.url) {
		await(t, "all servers see each other", func() bool {
			body, _ := fetch(t, url+"/v1/server/details")
			return strings.Count(body, `":"serving"`) == 3
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i := 0; f.client == nil; i++ { // until the first one leads the room
		room := proto.RoomID(fmt.Sprint("room-", i))
		c, err := goclient.Dial(ctx, goclient.Config{
			URL: "ws" + strings.TrimPrefix(f.url, "http") + "/v1/rooms/" + string(room) + "/connect", Ticket: sign(t, ticket.Claims{Room: room}),
			Events: goclient.Events{Frame: func(*goclient.Client) { f.frames.Add(1) }},
		})
		if err != nil {
			t.Fatal(err)
		}
		if c.Welcome().Server == "gs-1" {
			f.client = c
		} else {
			c.Close()
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- f.client.Run(context.Background()) }()
	t.Cleanup(func() {
		f.client.Close()
		<-ended
	})
	return f
}

// flood keeps n HTTP connections to the first server open that are idle behind a request, until stop is called. Those that end are opened
// again.
func (f *floodedFleet) flood(n int) (stop func()) {
	addr := strings.TrimPrefix(f.url, "http://")
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				d := net.Dialer{Timeout: time.Second}
				c, err := d.DialContext(ctx, "tcp", addr)
				if err != nil {
					continue
				}
				end := context.AfterFunc(ctx, func() { _ = c.Close() })
				_, _ = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
				_, _ = io.Copy(io.Discard, c) // until it is closed
				end()
				_ = c.Close()
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// playsOn checks that the player has its ticks, and that no server loses another or its quorum meanwhile.
func (f *floodedFleet) playsOn(ticks uint64) {
	f.t.Helper()
	for from := f.frames.Load(); f.frames.Load() < from+ticks; {
		last := f.frames.Load()
		await(f.t, "the player has more ticks", func() bool { return f.frames.Load() > last })
		for _, url := range f.others {
			if body, _ := fetch(f.t, url+"/v1/server/details"); strings.Count(body, `":"serving"`) != 3 {
				f.t.Fatalf("%s sees %s", url, body)
			}
		}
	}
	f.log.Range(func(line, _ any) bool {
		if strings.Contains(line.(string), `"level":"DEBUG"`) {
			return true
		}
		for _, bad := range []string{"suspend", "gone", "unreachable", "lost"} {
			if strings.Contains(line.(string), bad) {
				f.t.Errorf("the server logs %s", line)
			}
		}
		return true
	})
	if f.client.Welcome().Server != "gs-1" {
		f.t.Errorf("the room is led by %s now", f.client.Welcome().Server)
	}
}

// answer is the body of a 200; empty: the server closed the connection before it read the request, as it may in a flood.
func answer(url string) string {
	resp, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(b)
}

// Idle connections, more than the server has descriptors, touch neither its players nor the fleet, nor who comes.
func TestFloodOfIdleConnections(t *testing.T) {
	f := newFloodedFleet(t)
	stop := f.flood(1000)
	defer stop()
	f.playsOn(90)
	await(t, "an honest request is answered", func() bool { return strings.Count(answer(f.url+"/v1/server/details"), `":"serving"`) == 3 })
	enter(t, f.url, "another-room").Close()
	await(t, "connections were closed to make room", func() bool {
		return strings.Contains(answer(f.url+"/metrics"), `ringside_edge_evicted_total{kind="idle"`)
	})
}

// A server that really has no descriptors left takes nobody for gone, and its rooms go on.
func TestNoDescriptorsLeft(t *testing.T) {
	f := newFloodedFleet(t, "-reserve-descriptors=0", "-max-connections=100000", "-max-idle=100000", "-log-level=debug")
	stop := f.flood(1000)
	f.playsOn(150)
	stop()
	exhausted := false
	f.log.Range(func(line, _ any) bool {
		exhausted = exhausted || strings.Contains(line.(string), "too many open files")
		return !exhausted
	})
	if !exhausted {
		t.Error("the server had descriptors left: this shows nothing")
	}
	await(t, "it answers again", func() bool {
		body, status := fetch(t, f.url+"/v1/server/details")
		return status == 200 && strings.Count(body, `":"serving"`) == 3 && strings.Contains(body, `"quorum":true`)
	})
}
