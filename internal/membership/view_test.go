package membership

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(second int) time.Time { return time.Unix(1_800_000_000+int64(second), 0) }

func server(name ServerName, boot string, since int) Member {
	return Member{Name: name, Boot: boot, Role: GameServer, State: Serving, URL: "http://" + string(name), Since: at(since)}
}

// next gives the view that follows v when nobody is gone.
func next(v *View, now time.Time, self Member, members []Member) *View {
	others := make([]other, len(members))
	for i, m := range members {
		others[i] = other{Member: m}
	}
	return v.next(now, newSnapshot(other{Member: self}, others, now))
}

func names(members []Member) (names []string) {
	for _, m := range members {
		names = append(names, string(m.Name)+"/"+m.Boot)
	}
	return names
}

func TestViewIsSortedAndHoldsTheNewestBoots(t *testing.T) {
	self := Member{Name: "router", Boot: "r", Role: Router, State: Serving}
	draining := server("c", "1", 0)
	draining.State = Draining
	v := next(nil, at(9), self,
		[]Member{server("b", "old", 1), draining, server("b", "new", 2), server("a", "x", 3), server("a", "y", 3), server("b", "older", 0)})
	if got, want := names(v.Members), []string{"a/y", "b/new", "c/1", "router/r"}; !slices.Equal(got, want) {
		t.Errorf("members %v, want %v", got, want)
	}
	if got, want := names(v.Servers()), []string{"a/y", "b/new"}; !slices.Equal(got, want) {
		t.Errorf("servers %v, want %v", got, want)
	}
	if n := v.Placement().Len(); n != 2 {
		t.Errorf("rooms are placed on %d servers, want 2", n)
	}
	if m, ok := v.Find("b"); !ok || m.Boot != "new" {
		t.Errorf("b is %+v, %v", m, ok)
	}
	if m, ok := v.Find("bb"); ok {
		t.Errorf("bb is %+v", m)
	}
}

// What follows from each change: a new version always, a new settling where servers changed, a new placement where
// rooms may have moved.
func TestViewTellsChangesApart(t *testing.T) {
	self := Member{Name: "router", Role: Router, State: Serving}
	for _, c := range []struct {
		name             string
		change           func(members []Member) []Member
		version          uint64
		settled, placing bool
	}{
		{"nothing", func(m []Member) []Member { return m }, 1, false, false},
		{"order", func(m []Member) []Member { return []Member{m[1], m[0]} }, 1, false, false},
		{"a router comes", func(m []Member) []Member { return append(m, Member{Name: "r2", Role: Router}) }, 2, false, false},
		{"a server comes", func(m []Member) []Member { return append(m, server("c", "1", 0)) }, 2, true, true},
		{"a server goes", func(m []Member) []Member { return m[:1] }, 2, true, true},
		{"weight", func(m []Member) []Member { m[0].Weight = 2; return m }, 2, true, true},
		{"state", func(m []Member) []Member { m[0].State = Draining; return m }, 2, true, true},
		{"restart", func(m []Member) []Member { return append(m, server("a", "2", 1)) }, 2, true, false},
	} {
		members := []Member{server("a", "1", 0), server("b", "1", 0)}
		before := next(nil, at(0), self, slices.Clone(members))
		after := next(before, at(5), self, c.change(members))
		if after.Version != c.version || after.Settled.Equal(at(5)) != c.settled || (after.placement != before.placement) != c.placing {
			t.Errorf("%s: version %d, settled %v, other placement %v; want %+v", c.name, after.Version,
				after.Settled.Equal(at(5)), after.placement != before.placement, c)
		}
		if (after == before) != (c.version == 1) {
			t.Errorf("%s: the same view: %v", c.name, after == before)
		}
	}
}

func TestViewsOfTheSameMembersAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var members []Member
		for i := range rapid.IntRange(1, 20).Draw(t, "members") {
			name := ServerName(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "name"))
			members = append(members, server(name, fmt.Sprint(i), rapid.IntRange(0, 3).Draw(t, "since")))
		}
		self := Member{Name: "router", Role: Router}
		shuffled := rapid.Permutation(members).Draw(t, "shuffled")
		v, w := next(nil, at(0), self, slices.Clone(members)), next(nil, at(0), self, shuffled)
		if !slices.Equal(v.Members, w.Members) {
			t.Fatalf("%v and %v", names(v.Members), names(w.Members))
		}
		for _, m := range members {
			if found, ok := v.Find(m.Name); !ok || newer(m, found) < 0 {
				t.Fatalf("%s/%s was dropped for %s/%s", m.Name, m.Boot, found.Name, found.Boot)
			}
		}
	})
}

func TestChangesAreLogged(t *testing.T) {
	self := server("self", "1", 0)
	draining, anew := server("b", "1", 0), server("c", "2", 5)
	draining.State = Draining
	from := next(nil, at(0), self, []Member{server("a", "1", 0), server("b", "1", 0), server("c", "1", 0)})
	to := next(from, at(1), self, []Member{draining, anew, server("d", "1", 0), server("self", "2", 9)})
	logs := new(logBuffer)
	logChanges(logs.logger(), from, to)
	var got []string
	for line := range strings.Lines(logs.String()) {
		_, line, _ = strings.Cut(line, "level=")
		line, _, _ = strings.Cut(strings.TrimSpace(line), " role=")
		got = append(got, line)
	}
	want := []string{
		`INFO msg="member changed its state" member=b`,
		`INFO msg="member started anew" member=c`,
		`INFO msg="member joined" member=d`,
		`ERROR msg="another process has this process's name; give each a -name of its own" name=self boot=1 other=2 url=http://self`,
		`INFO msg="member gone" member=a`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("lines:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestStatic(t *testing.T) {
	s := NewStatic(Member{Name: "router", Role: Router, State: Serving}, server("a", "1", 0))
	first, changed := s.View(), s.Changed()
	if got, want := names(first.Members), []string{"a/1", "router/"}; !slices.Equal(got, want) {
		t.Fatalf("members %v, want %v", got, want)
	}
	s.Set(server("a", "1", 0))
	select {
	case <-changed:
		t.Error("a change was told, though nothing changed")
	default:
	}
	s.Set(server("b", "1", 0), Member{Name: "router", Boot: "2", Role: Router, State: Draining})
	select {
	case <-changed:
	default:
		t.Error("no change was told")
	}
	if got, want := names(s.View().Members), []string{"b/1", "router/2"}; !slices.Equal(got, want) || s.View().Self.Boot != "2" {
		t.Errorf("members %v, want %v; self %+v", got, want, s.View().Self)
	}
	if got, want := names(first.Members), []string{"a/1", "router/"}; !slices.Equal(got, want) {
		t.Errorf("the view of before became %v, want %v", got, want)
	}
}

func TestUpdateChangesWhatItMay(t *testing.T) {
	self := server("a", "1", 0)
	s := NewStatic(self)
	s.Update(func(m *Member) {
		m.Name, m.Boot, m.Role, m.URL = "b", "2", Router, "http://elsewhere"
		m.State, m.Weight = Draining, 3
	})
	want := self
	want.State, want.Weight = Draining, 3
	if got := s.View().Self; got != want {
		t.Errorf("self is %+v, want %+v", got, want)
	}
	s.Update(func(m *Member) { m.State, m.Weight = "asleep", -1 })
	if got := s.View().Self; got != want {
		t.Errorf("self is %+v, want %+v", got, want)
	}
}
