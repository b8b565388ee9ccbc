package membership

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// people makes members of names, of which those that begin with r are routers.
func people(names string) (members []Member) {
	for name := range strings.FieldsSeq(names) {
		m := Member{Name: ServerName(name), Boot: name, Role: GameServer, State: Serving}
		if name[0] == 'r' {
			m.Role = Router
		}
		members = append(members, m)
	}
	return members
}

func TestQuorum(t *testing.T) {
	for _, c := range []struct {
		name, seen, missing string
		want                bool
	}{
		{"a fleet of one", "a", "", true},
		{"nobody is missing", "a b c r1", "", true},
		{"more than half", "b c", "a", true},
		{"less than half", "a", "b c", false},
		{"routers count for it", "b r1 r2", "a c", true},
		{"routers count against it", "a b", "c r1 r2", false},
		{"half, with the first name", "a d", "b c", true},
		{"half, without the first name", "b c", "a d", false},
		{"half, the first name among game servers", "b c r1", "d r0 e", true},
		{"two servers, the first", "a", "b", true},
		{"two servers, the second", "b", "a", false},
		{"missing routers alone", "a", "r1 r2 r3", true},
		{"half of them routers", "b r1", "a r2", false},
		{"a router alone", "r1", "a", false},
	} {
		if got := quorum(people(c.seen), people(c.missing)); got != c.want {
			t.Errorf("%s: seeing %s, missing %s: %v", c.name, c.seen, c.missing, got)
		}
	}
}

// What counts as seen and as missing, and who is a member.
func TestSnapshot(t *testing.T) {
	self := people("b")[0]
	with := func(name string, change func(o *other)) other {
		o := other{Member: people(name)[0]}
		change(&o)
		return o
	}
	is := func(name string) other { return with(name, func(*other) {}) }
	gone := func(name string, why Reason) other {
		return with(name, func(o *other) { o.reason, o.since = why, at(1) })
	}
	mute := func(name string) other { return with(name, func(o *other) { o.answer = silent }) }
	for _, c := range []struct {
		name          string
		others        []other
		members, gone string
		quorum        bool
	}{
		{"all there", []other{is("a"), is("c")}, "a b c", "", true},
		{"one left", []other{gone("a", Left)}, "b", "a", true},
		{"one exited", []other{gone("a", Exited)}, "b", "a", true},
		{"one refuses", []other{gone("a", Refused)}, "b", "a", false},
		{"one unreachable", []other{gone("a", Unreachable)}, "b", "a", false},
		{"one unreachable of three", []other{gone("a", Unreachable), is("c")}, "b c", "a", true},
		{"one unreachable, one does not answer yet", []other{gone("a", Unreachable), mute("c")}, "b c", "a", false},
		{"one does not answer", []other{mute("a")}, "a b", "", false},
		{"one refuses this process", []other{with("a", func(o *other) { o.answer = refusing })}, "a b", "", false},
		{"suspected", []other{with("a", func(o *other) { o.suspected = true })}, "a b", "", true},
		{"returned", []other{gone("a", Unreachable), with("a", func(o *other) { o.Boot = "2" })}, "a b", "", true},
		{"unreachable twice", []other{gone("a", Unreachable), with("a", func(o *other) { o.Boot, o.reason = "2", Unreachable }), is("c"), is("d")}, "b c d", "a", true},
	} {
		r := newSnapshot(other{Member: self}, c.others, at(9))
		var members, missed []string
		for _, m := range r.members {
			members = append(members, string(m.Name))
		}
		for _, m := range r.gone {
			missed = append(missed, string(m.Name))
		}
		if strings.Join(members, " ") != c.members || strings.Join(missed, " ") != c.gone || r.quorum != c.quorum {
			t.Errorf("%s: members %v, gone %v, quorum %v; want %+v", c.name, members, missed, r.quorum, c)
		}
	}
}

// Whatever the cut, of two parts that have game servers exactly one goes on, as long as both know of the same members.
func TestOneOfTwoParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[ar][a-z0-9]`), 2, 12, rapid.ID).Draw(t, "names")
		cut := rapid.IntRange(1, len(names)-1).Draw(t, "cut")
		one, two := people(strings.Join(names[:cut], " ")), people(strings.Join(names[cut:], " "))
		if len(gameServers(one)) == 0 || len(gameServers(two)) == 0 {
			t.Skip("only routers")
		}
		if a, b := quorum(one, two), quorum(two, one); a == b {
			t.Fatalf("%v has it: %v; %v has it: %v", names[:cut], a, names[cut:], b)
		}
	})
}

// The loss of a member never gives a quorum that was not there.
func TestQuorumIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[ar][a-z0-9]`), 3, 12, rapid.ID).Draw(t, "names")
		cut := rapid.IntRange(2, len(names)-1).Draw(t, "cut")
		all := people(strings.Join(names, " "))
		before, after := quorum(all[:cut], all[cut:]), quorum(all[:cut-1], all[cut-1:])
		if after && !before {
			t.Fatalf("%v of %v has it, with %v it has not", names[:cut-1], names, names[cut-1])
		}
	})
}
