package testfleet

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
)

// Await waits until every member sees all others and nobody else.
func (f *Fleet) Await() {
	f.t.Helper()
	var want []string
	for _, s := range f.Servers {
		if !s.gone {
			want = append(want, s.Name)
		}
	}
	for i, r := range f.Routers {
		if !r.gone {
			want = append(want, routerName(i))
		}
	}
	slices.Sort(want)
	limit := time.After(Patience)
	for name, members := range f.views() {
		for {
			got, changed := members()
			if slices.Equal(got, want) {
				break
			}
			select {
			case <-changed:
			case <-limit:
				f.t.Fatalf("%s sees %v, want %v", name, got, want)
			}
		}
	}
}

// views gives, for each running member, the serving members that it sees, by name and in order.
func (f *Fleet) views() map[string]func() (serving []string, changed <-chan struct{}) {
	all := map[string]func() ([]string, <-chan struct{}){}
	for _, s := range f.Servers {
		if !s.gone {
			all[s.Name] = s.members
		}
	}
	for i, r := range f.Routers {
		if !r.gone {
			all[routerName(i)] = r.members
		}
	}
	return all
}

func (s *Server) members() (serving []string, changed <-chan struct{}) {
	members, changed := s.Node.Members()
	for _, m := range members {
		if m.State == string(membership.Serving) {
			serving = append(serving, m.Name)
		}
	}
	return serving, changed
}

func (r *Router) members() (serving []string, changed <-chan struct{}) {
	changed = r.gossip.Changed()
	for _, m := range r.gossip.View().Members {
		if m.State == membership.Serving {
			serving = append(serving, string(m.Name))
		}
	}
	return serving, changed
}
