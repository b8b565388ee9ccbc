package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ringside-go/ringside/internal/placement"
)

// api asks the members of a fleet under test how things are, and tells them what to do.
type api struct {
	site *site
	http *http.Client
}

func newAPI(s *site) *api { return &api{s, httpClient(s)} }

// fleetView is how a router sees the fleet.
type fleetView struct {
	Members []struct {
		Name, State string
		Reachable   *bool
	}
}

// match says how the view differs from the members want, which all serve.
func (v fleetView) match(want []string) error {
	var seen []string
	for _, m := range v.Members {
		seen = append(seen, m.Name)
		switch {
		case m.State != "serving":
			return fmt.Errorf("%s is %s", m.Name, m.State)
		case m.Reachable != nil && !*m.Reachable:
			return fmt.Errorf("%s is not reached", m.Name)
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, want) {
		return fmt.Errorf("sees %v, there are %v", seen, want)
	}
	return nil
}

// serverView is how a game server sees itself.
type serverView struct {
	Name, State string
	Suspended   bool
	Rooms       int // led there
}

type roomView struct {
	Room, Role string
	Standbys   []string
	Connected  int
	Tick       uint32
}

// roomCheck gathers the rooms of a fleet with these servers.
type roomCheck struct {
	set       *placement.Set
	standbys  int
	led       map[string]string // server by room
	connected int
}

func newRoomCheck(servers []string) *roomCheck {
	var all []placement.Server
	for _, s := range servers {
		all = append(all, placement.Server{Name: s})
	}
	return &roomCheck{set: placement.New(all), standbys: min(1, len(servers)-1), led: map[string]string{}}
}

// add takes one server's view and its rooms, and says what is not as it should be.
func (c *roomCheck) add(s serverView, rooms []roomView) error {
	if s.State != "serving" || s.Suspended {
		return fmt.Errorf("%s is %s, suspended: %v", s.Name, s.State, s.Suspended)
	}
	for _, r := range rooms {
		order := c.set.Order(nil, r.Room, 1+c.standbys)
		switch other, twice := c.led[r.Room]; {
		case twice:
			return fmt.Errorf("room %s is led by %s and by %s", r.Room, other, s.Name)
		case r.Role != "leading":
			return fmt.Errorf("room %s on %s is %s", r.Room, s.Name, r.Role)
		case order[0] != s.Name:
			return fmt.Errorf("room %s is led by %s and belongs to %s", r.Room, s.Name, order[0])
		case !slices.Equal(r.Standbys, order[1:]):
			return fmt.Errorf("room %s on %s has copies on %v and needs them on %v", r.Room, s.Name, r.Standbys, order[1:])
		}
		c.led[r.Room] = s.Name
		c.connected += r.Connected
	}
	return nil
}

func (a *api) fleet(ctx context.Context, router string) (v fleetView, err error) {
	return v, a.call(ctx, http.MethodGet, router, "/v1/fleet", &v)
}

func (a *api) server(ctx context.Context, name string) (v serverView, err error) {
	return v, a.call(ctx, http.MethodGet, name, "/v1/server", &v)
}

// rooms lists the rooms that a game server leads, page by page.
func (a *api) rooms(ctx context.Context, name string) (all []roomView, err error) {
	for after := ""; ; {
		var page struct {
			Rooms []roomView
			Next  string
		}
		if err := a.call(ctx, http.MethodGet, name, "/v1/server/rooms?limit=500&after="+url.QueryEscape(after), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Rooms...)
		if after = page.Next; after == "" {
			return all, nil
		}
	}
}

// operate asks a router to have server drain or undrain.
func (a *api) operate(ctx context.Context, router, server, what string) error {
	return a.call(ctx, http.MethodPost, router, "/v1/fleet/servers/"+server+"/"+what, nil)
}

// call asks a member; answer may be nil.
func (a *api) call(ctx context.Context, method, member, path string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+a.site.addr[member].HTTP+path, nil)
	if err != nil {
		return err
	}
	if a.site.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.site.token)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", member, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
	case resp.StatusCode/100 != 2:
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, strings.TrimSpace(string(body)))
	case answer != nil:
		err = json.Unmarshal(body, answer)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", member, err)
	}
	return nil
}

// ready reports why a member is not.
func (a *api) ready(ctx context.Context, member string) error {
	return a.call(ctx, http.MethodGet, member, "/readyz", nil)
}
