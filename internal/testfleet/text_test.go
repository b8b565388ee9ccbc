package testfleet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
	"github.com/ringside-go/ringside/router/gateway"
)

// textClient speaks JSON, and knows no more of the protocol than that.
type textClient struct {
	*raw
	t         *testing.T
	state     map[string]any
	welcome   map[string]any
	processed float64
	ticket    string
}

// textEnter enters room r as a new player.
func textEnter(t *testing.T, router string) *textClient {
	t.Helper()
	var answer struct{ URL, Ticket string }
	resp, err := http.Post(router+"/v1/rooms", "application/json", strings.NewReader(`{"game":"walk","room":"r","player":{"name":"Jo <3"}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	c := textDial(t, router, answer.URL, `"ticket":"`+answer.Ticket+`"`)
	c.ticket = answer.Ticket
	return c
}

// textDial enters a room at a URL; hello is the rest of the record. A server that cannot know yet whether another one has the room asks to be tried again.
func textDial(t *testing.T, base, url, hello string) *textClient {
	t.Helper()
	for {
		socket, status := dialAs(t, hostOf(t, base, url), "r", proto.TextSubprotocol)
		if status != http.StatusSwitchingProtocols {
			t.Fatalf("the upgrade is answered with %d", status)
		}
		socket.send(0x81, []byte(`{"kind":"hello",`+hello+`}`))
		c := &textClient{raw: socket, t: t}
		for first := c.read()[0]; c.state == nil && first["code"] != float64(proto.CloseOverloaded); {
			c.read()
		}
		if c.state != nil {
			return c
		}
	}
}

func hostOf(t *testing.T, base, address string) string {
	t.Helper()
	b, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u, err := b.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// read takes the next message and gives its records.
func (c *textClient) read() (records []map[string]any) {
	c.t.Helper()
	opcode, payload, err := c.frame()
	if err != nil || opcode != 1 {
		c.t.Fatalf("frame %d %q, %v", opcode, payload, err)
	}
	if err := json.Unmarshal(payload, &records); err != nil {
		c.t.Fatalf("%v: %s", err, payload)
	}
	for _, r := range records {
		switch r["kind"] {
		case "welcome":
			c.welcome = r
			c.processed = r["processed"].(float64)
		case "own":
			c.processed = r["processed"].(float64)
		case "keyframe":
			c.state = r
		case "delta":
			c.state["events"] = nil
			mergePatch(c.state, r)
		}
	}
	return records
}

// ticked reports whether a delta is among records: then it is time for an input.
func ticked(records []map[string]any) bool {
	return slices.ContainsFunc(records, func(r map[string]any) bool { return r["kind"] == "delta" })
}

// mergePatch is RFC 7396.
func mergePatch(into, patch map[string]any) {
	for name, v := range patch {
		if inner, ok := v.(map[string]any); ok {
			was, ok := into[name].(map[string]any)
			if !ok {
				was = map[string]any{}
				into[name] = was
			}
			mergePatch(was, inner)
		} else if v == nil {
			delete(into, name)
		} else {
			into[name] = v
		}
	}
}

// row is a row of a table, nil if there is none.
func (c *textClient) row(table string, id any) map[string]any {
	rows, _ := c.state["tables"].(map[string]any)[table].(map[string]any)
	row, _ := rows[fmt.Sprint(id)].(map[string]any)
	return row
}

// A client that speaks text enters, walks, sees what clients of the binary frames see at the same tick, is moved with its seat, and is told what it says
// wrong; at a game server and through a router's tunnel.
func TestTextFrames(t *testing.T) {
	for _, mode := range []gateway.Mode{gateway.Redirect, gateway.Proxy} {
		t.Run(string(mode), func(t *testing.T) {
			f := Start(t, Options{Mode: mode})
			router := f.Routers[0].URL
			c := textEnter(t, router)
			seat := c.welcome["seat"]
			if name := c.row("seats", seat)["name"]; name != "Jo <3" {
				t.Errorf("the player's name is %v in %v", name, c.state)
			}
			watched := watchText(t, f)
			same := 0
			for c.processed < 40 || same < 3 {
				if !ticked(c.read()) {
					continue
				}
				c.send(0x81, []byte(`[{"kind":"input","samples":[{"right":true}]},{"kind":"ping"}]`))
				if want, ok := watched(c.state["tick"].(float64)); ok {
					same++
					got := map[string]any{"tables": c.state["tables"], "values": c.state["values"]}
					if !reflect.DeepEqual(got, want) {
						t.Fatalf("at tick %v text has\n%v\nwhat a spectator has is\n%v", c.state["tick"], got, want)
					}
				}
			}
			if steps := c.row("walkers", seat)["steps"]; steps.(float64) < 30 {
				t.Errorf("the walker has made %v steps", steps)
			}

			// The room moves. In proxy mode the same URL leads to it.
			f.awaitCopies(t, 1)
			var moved map[string]any
			leader := slices.IndexFunc(f.Servers, func(s *Server) bool { return slices.Contains(f.Leaders("r"), s.Name) })
			var drained sync.WaitGroup
			drained.Go(func() { f.Drain(leader) })
			defer drained.Wait()
			for moved == nil {
				for _, r := range c.read() {
					if r["kind"] == "moved" {
						moved = r
					}
				}
			}
			epoch, err := json.Marshal(c.welcome["epoch"])
			if err != nil {
				t.Fatal(err)
			}
			before := c.row("walkers", seat)["steps"].(float64)
			again := textDial(t, router, moved["url"].(string), fmt.Sprintf(`"ticket":%q,"resume":%q,"last_tick":%v,"epoch":%s`,
				c.ticket, c.welcome["resume"], int(c.state["tick"].(float64)), epoch))
			if flags := again.welcome["flags"].(float64); int(flags)&int(proto.WelcomeResumed) == 0 || again.welcome["seat"] != seat {
				t.Errorf("the welcome of the next server is %v", again.welcome)
			}
			for again.row("walkers", seat)["steps"].(float64) < before+10 {
				if ticked(again.read()) {
					again.send(0x81, []byte(`{"kind":"input","samples":[{"right":true}]}`))
				}
			}

			// What is wrong is said, and nothing else suffers.
			again.send(0x81, []byte(`{"kind":"input","samples":[{"left":true}]}`))
			told := ""
			for told == "" {
				for _, r := range again.read() {
					if r["kind"] == "error" {
						told = fmt.Sprint(r["code"], " ", r["text"])
					}
				}
			}
			if !strings.Contains(told, `4001 input: the input has no field "left"; its fields are right`) || again.code() != proto.CloseMalformed {
				t.Errorf("the client is told %s", told)
			}
		})
	}
}

// watchText watches room r in binary, and gives what it is in text at a tick, if that was seen.
func watchText(t *testing.T, f *Fleet) func(tick float64) (map[string]any, bool) {
	var mu sync.Mutex
	seen := map[float64]map[string]any{}
	client, err := goclient.Dial(t.Context(), goclient.Config{
		Router: f.Routers[0].URL, Request: goclient.Request{Game: WalkName, Room: "r", Role: goclient.SpectatorRole},
		Events: goclient.Events{Frame: func(c *goclient.Client) {
			var all map[string]any
			text := "{" + strings.TrimPrefix(string(state.NewText(c.State()).Append(nil, true)), ",") + "}"
			if err := json.Unmarshal([]byte(text), &all); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[float64(c.Tick())] = all
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = client.Run(t.Context())
	}()
	t.Cleanup(func() {
		client.Close()
		<-ended
	})
	return func(tick float64) (map[string]any, bool) {
		mu.Lock()
		defer mu.Unlock()
		all, ok := seen[tick]
		return all, ok
	}
}
