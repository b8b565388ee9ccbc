// Package inspect shows the tables of a room of any game in a terminal, by the schema that its server sends.
package inspect

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Config is what to show.
type Config struct {
	Router   string // base URL
	Room     proto.RoomID
	Game     proto.GameName // needed for a room that the router does not list
	Interval time.Duration  // between two snapshots
	Rows     int            // most rows shown of one table
	Once     bool           // one snapshot, after the first Interval
	Screen   bool           // Out is a terminal: each snapshot replaces the one before
	Out      io.Writer
}

// Room is a room as the router lists it.
type Room struct {
	Room      proto.RoomID
	Game      proto.GameName
	Server    string
	Connected int
	Tick      proto.Tick
}

// List asks the router for the rooms that it lists, at most some dozens.
func List(ctx context.Context, router string) ([]Room, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(router, "/")+"/v1/fleet", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no router answers: %w; start a fleet with ringside dev or ringside up, or give the URL of a router with -router", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s; give the URL of a router with -router", req.URL, resp.Status)
	}
	var fleet struct{ Rooms []Room }
	return fleet.Rooms, json.NewDecoder(resp.Body).Decode(&fleet)
}

// Run watches the room as a spectator, until ctx ends or the room does.
func Run(ctx context.Context, c Config) error {
	if c.Game == "" {
		rooms, err := List(ctx, c.Router)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rooms, func(r Room) bool { return r.Room == c.Room })
		if i < 0 {
			return fmt.Errorf("the router does not list room %s; name its game with -game to watch it all the same", c.Room)
		}
		c.Game = rooms[i].Game
	}
	p := &snapshot{Config: c, next: time.Now().Add(c.Interval)}
	client, err := goclient.Dial(ctx, goclient.Config{
		Router:  c.Router,
		Request: goclient.Request{Game: c.Game, Room: c.Room, Role: goclient.SpectatorRole},
		Events: goclient.Events{
			Schema: func(*goclient.Client) error { p.forget(); return nil },
			Frame:  p.frame,
		},
	})
	if err != nil {
		return err
	}
	err = client.Run(ctx)
	if p.done && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return cmp.Or(p.err, err)
}

// snapshot gathers what happens between two snapshots.
type snapshot struct {
	Config
	next  time.Time
	ticks int               // since the last snapshot
	bytes map[string]int    // of the deltas in these ticks, by table
	last  map[string]string // texts of the last snapshot, by table, row and field
	done  bool
	err   error // of Out
}

// forget drops what belongs to another schema.
func (p *snapshot) forget() { p.bytes, p.last = nil, nil }

func (p *snapshot) frame(c *goclient.Client) {
	if p.bytes == nil {
		p.bytes = map[string]int{}
	}
	p.ticks++
	for table, n := range c.State().DeltaBytes() {
		p.bytes[table] += n
	}
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(p.Interval)
	text := p.draw(c.State(), fmt.Sprintf("room %s · game %s · tick %d · server %s · %d ticks/s", c.Welcome().Room, c.Welcome().Game,
		c.Tick(), c.Welcome().Server, c.Welcome().TickRate))
	if p.Screen {
		text = "\x1b[H\x1b[2J" + text
	}
	if _, p.err = io.WriteString(p.Out, text); p.err != nil || p.Once {
		p.done = true
		c.Close()
	}
}

// draw writes all tables of s and resets the counts. It marks values that changed since the last snapshot with *.
func (p *snapshot) draw(s *state.Store, title string) string {
	var b strings.Builder
	fmt.Fprintln(&b, title)
	now := map[string]string{}
	for _, t := range s.Schema().Tables {
		if t.Part != state.Public {
			continue // a spectator owns nothing
		}
		rows := 0
		var lines strings.Builder
		w := tabwriter.NewWriter(&lines, 2, 0, 2, ' ', 0)
		fmt.Fprint(w, "  id")
		for _, f := range t.Row.Fields {
			fmt.Fprint(w, "\t"+f.Name)
		}
		fmt.Fprintln(w)
		for id, values := range s.Look(t.Name) {
			if rows++; rows > p.Rows {
				continue
			}
			fmt.Fprintf(w, "  %d", id)
			for i, v := range values {
				key, v := fmt.Sprint(t.Name, " ", id, " ", i), show(v)
				now[key] = v
				mark := ""
				if was, ok := p.last[key]; p.last != nil && (!ok || was != v) {
					mark = "*"
				}
				fmt.Fprintf(w, "\t%s%s", v, mark)
			}
			fmt.Fprintln(w)
		}
		w.Flush()
		fmt.Fprintf(&b, "\n%v %s · %d of %d rows · %.1f bytes a tick\n", t.Kind, t.Name, rows, t.Max, float64(p.bytes[t.Name])/float64(max(1, p.ticks)))
		if rows > 0 {
			b.WriteString(lines.String())
		}
		if rows > p.Rows {
			fmt.Fprintf(&b, "  … %d more\n", rows-p.Rows)
		}
	}
	p.last, p.ticks = now, 0
	clear(p.bytes)
	return b.String()
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case string:
		return fmt.Sprintf("%q", v)
	case float32:
		return fmt.Sprintf("%.4g", v)
	case []any: // an array's elements
		var all []string
		for _, e := range v {
			all = append(all, show(e))
		}
		return strings.Join(all, " ")
	}
	return fmt.Sprint(v)
}
