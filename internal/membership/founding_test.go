package membership

import (
	"net/netip"
	"testing"
	"time"
)

// A majority of the addresses that the seeds name, itself included, founds a fleet.
func TestMajorityOfSeeds(t *testing.T) {
	type seed struct {
		named                        bool
		others, met, absent, ownings int
		unresolved                   bool
		age                          time.Duration
	}
	for _, c := range []struct {
		name  string
		alone bool
		seeds []seed
		want  bool
	}{
		{"itself, by its address", true, []seed{{ownings: 1}}, true},
		{"itself, by two addresses", true, []seed{{ownings: 1}, {ownings: 1}, {others: 1}}, false},
		{"one of two", true, []seed{{ownings: 1}, {others: 1}}, false},
		{"both", false, []seed{{ownings: 1}, {met: 1}}, true},
		{"two of three", false, []seed{{ownings: 1}, {met: 1}, {others: 1}}, true},
		{"two of five", false, []seed{{ownings: 1}, {met: 1}, {others: 3}}, false},
		{"not among its seeds, one of two", false, []seed{{met: 1, others: 1}}, false},
		{"not among its seeds, two of three", false, []seed{{met: 2, others: 1}}, true},
		{"the others do not run on this machine", true, []seed{{ownings: 1}, {absent: 1}, {absent: 1}}, true},
		{"the only one does not run on this machine", true, []seed{{absent: 1}}, true},
		{"a name that does not resolve", false, []seed{{ownings: 1}, {met: 1}, {unresolved: true}}, false},
		{"names that have just resolved", false, []seed{{named: true, ownings: 1, met: 2}}, false},
		{"names, a second later", false, []seed{{named: true, ownings: 1, met: 2, age: stableTime}}, true},
		{"the name of itself", true, []seed{{named: true, ownings: 1, age: aloneTime - 1}}, false},
		{"the name of itself, later", true, []seed{{named: true, ownings: 1, age: aloneTime}}, true},
	} {
		f := founding{seeds: make(map[string]seedState)}
		var seeds []string
		now, port := at(100), uint16(1)
		for i, s := range c.seeds {
			name := string(rune('a' + i))
			seeds = append(seeds, name)
			if s.unresolved {
				f.note(name, nil, now)
				continue
			}
			st := seedState{named: s.named}
			add := func(n int, own, met, absent bool) {
				for range n {
					st.addresses = append(st.addresses, netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port))
					st.own, st.met, st.absent = append(st.own, own), append(st.met, met), append(st.absent, absent)
					port++
				}
			}
			add(s.ownings, true, true, false)
			add(s.met, false, true, false)
			add(s.absent, false, false, true)
			add(s.others, false, false, false)
			f.note(name, &st, now.Add(-s.age))
			f.note(name, &st, now) // seen again, unchanged
		}
		if got := f.majority(seeds, c.alone, func(netip.AddrPort) bool { return false }, now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Nobody has the quorum before a majority of the seeds has met; then all have it.
func TestFounding(t *testing.T) {
	inBubble(t, "", func(t *testing.T, s *simFleet) {
		s.seeds = "n1 n2 n3"
		s.start("n1")
		s.start("r9")
		for _, name := range []string{"n1", "r9"} {
			s.await(name, 3*time.Second, func(v *View) bool { return len(v.Members) == 2 })
		}
		time.Sleep(time.Minute)
		for _, name := range []string{"n1", "r9"} {
			if s.members[name].Quorum() {
				t.Errorf("%s has the quorum with one of three seeds", name)
			}
		}
		s.start("n2")
		for _, name := range []string{"n1", "n2", "r9"} {
			s.await(name, 3*time.Second, is("n1 n2 r9, quorum true"))
		}
		s.start("n3")
		for _, name := range []string{"n1", "n2", "n3", "r9"} {
			s.await(name, 3*time.Second, is("n1 n2 n3 r9, quorum true"))
		}
	})
}

// A member that restarts inside the smaller part of a cut, together with a router, gets the quorum when the cut heals, not
// before. A restart inside the greater part costs nothing.
func TestRestartInsideACut(t *testing.T) {
	inBubble(t, "", func(t *testing.T, s *simFleet) {
		s.seeds = "n1 n2 n3"
		all := []string{"n1", "n2", "n3", "n4", "n5", "r6", "r7"}
		for _, name := range all {
			s.start(name)
		}
		for _, name := range all {
			s.await(name, 10*time.Second, is("n1 n2 n3 n4 n5 r6 r7, quorum true"))
		}
		time.Sleep(2 * trustedAfter)
		s.partition("n1 n2 r6", "n3 n4 n5 r7")
		s.await("n2", 20*time.Second, func(v *View) bool { return !v.Quorum && len(v.Members) == 3 })
		s.await("n4", 20*time.Second, is("n3 n4 n5 r7, n1 unreachable, n2 unreachable, r6 unreachable, quorum true"))
		for _, name := range []string{"n1", "r6", "n5"} {
			s.crash(name)
		}
		time.Sleep(time.Second)
		for _, name := range []string{"n1", "r6", "n5"} {
			s.start(name)
		}
		for _, name := range []string{"n3", "n4", "n5", "r7"} {
			s.await(name, 5*time.Second, is("n3 n4 n5 r7, n1 unreachable, n2 unreachable, r6 unreachable, quorum true"))
		}
		for end := time.Now().Add(2 * testMemory); time.Now().Before(end); time.Sleep(time.Second) {
			for _, name := range []string{"n1", "n2", "r6"} {
				if v := s.members[name].View(); v.Quorum {
					t.Fatalf("%s sees %s", name, describe(v))
				}
			}
		}
		s.net.Heal()
		for _, name := range all {
			s.await(name, 20*time.Second, is("n1 n2 n3 n4 n5 r6 r7, quorum true"))
		}
	})
}

// All views drop a killed server within milliseconds of the first suspicion, across a network too.
// TestAdmissionIsNotAskedForInALoop: a newcomer that starts behind a cut sees a member that has the quorum, and too few others.
func TestAdmissionIsNotAskedForInALoop(t *testing.T) {
	inBubble(t, "n1 n2 n3 n4", func(t *testing.T, s *simFleet) {
		s.partition("n5", "n2 n3 n4")
		s.start("n5")
		s.await("n5", 5*time.Second, func(v *View) bool { return len(v.Members) > 1 })
		const watched = 10 * time.Second
		before := s.dials["n5"].Load()
		time.Sleep(watched)
		if s.members["n5"].View().Quorum {
			t.Fatal("it is admitted")
		}
		// In each interval it asks once, probes four members, and may join a seed.
		if n, most := s.dials["n5"].Load()-before, int64(6*watched/admissionInterval); n > most {
			t.Errorf("%d dials within %v, want at most %d", n, watched, most)
		}
	})
}

func TestSuspectIsQuick(t *testing.T) {
	inBubble(t, "n1 n2 n3 r4", func(t *testing.T, s *simFleet) {
		s.crash("n3")
		s.members["n1"].Suspect("n3")
		for _, name := range []string{"n1", "n2", "r4"} {
			if took := s.await(name, time.Second, func(v *View) bool { g, ok := v.FindGone("n3"); return ok && g.Reason == Refused && v.Quorum }); took > 50*time.Millisecond {
				t.Errorf("%s took %v", name, took)
			}
		}
		for range 1000 {
			s.members["n1"].Suspect("n2")
		}
		time.Sleep(5 * time.Second)
		if got := describe(s.members["n1"].View()); got != "n1 n2 r4, n3 refused, quorum true" {
			t.Errorf("n1 sees %s", got)
		}
	})
}

// A process that starts does not found beside a member that knows a configuration, and is admitted only by one that has the
// quorum. It inherits whom that one misses.
func TestAdmission(t *testing.T) {
	r := new(roster)
	r.start(people("c")[0], false)
	if _, starters, alone := r.candidates(); !starters || !alone {
		t.Error("a process alone may not found")
	}
	a := people("a")[0]
	r.put("a", a, netip.MustParseAddrPort("10.0.0.1:7946"))
	if _, starters, alone := r.candidates(); !starters || alone {
		t.Error("two that start may not found")
	}
	a.Standing = CutOff
	r.put("a", a, netip.MustParseAddrPort("10.0.0.1:7946"))
	if at, starters, _ := r.candidates(); starters || at.IsValid() {
		t.Error("it founds beside one that is cut off")
	}
	gone := []knownNode{{node: nodeName(&people("b")[0]), member: people("b")[0], gossip: netip.MustParseAddrPort("10.0.0.2:7946"), reason: Refused, age: time.Minute}}
	for _, c := range []struct {
		state state
		want  string
	}{
		{state{standing: CutOff}, "a c, quorum false"},
		{state{standing: Starting, known: gone}, "a c, b refused, quorum false"},
		{state{standing: HasQuorum, complete: true}, "a c, b refused, quorum true"},
	} {
		s, err := parseState(c.state.append(nil))
		if err != nil {
			t.Fatal(err)
		}
		a.Standing = c.state.standing
		r.put("a", a, netip.MustParseAddrPort("10.0.0.1:7946"))
		r.merge(s)
		r.answer(true, map[string]answer{nodeName(&people("b")[0]): silent}, nil)
		r.answer(true, map[string]answer{nodeName(&people("b")[0]): silent}, nil)
		if got := describe(r.View()); got != c.want {
			t.Errorf("told %+v, it sees %s, want %s", c.state, got, c.want)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	s := state{standing: HasQuorum, complete: true, forgotten: map[ServerName]string{"d": "1"},
		known: []knownNode{{node: nodeName(&people("b")[0]), member: people("b")[0], gossip: netip.MustParseAddrPort("10.0.0.2:7946"), reason: Refused, age: time.Minute}}}
	f.Add(s.append([]byte{kindState}))
	f.Add((&message{kind: kindReport, round: 7, suspect: "a", from: "b", reached: true}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := parseMessage(b); err != nil || b[0] == kindState {
			return
		}
		m, _ := parseMessage(b)
		if again, err := parseMessage(m.append(nil)); err != nil || m.kind == kindReport && again.reached != m.reached || again.suspect != m.suspect {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}

// TestFoundersAreReached: that a member is starting may be what others tell of it. It may have met members that know the fleet.
func TestFoundersAreReached(t *testing.T) {
	r := new(roster)
	r.start(people("a")[0], false)
	at := netip.MustParseAddrPort("10.0.0.9:7946")
	b := people("b")[0]
	b.Standing = Starting
	r.put("b", b, at)
	if r.reaches(at) {
		t.Error("one of which gossip tells counts")
	}
	for _, a := range []answer{refusing, answering, silent} {
		r.answer(true, map[string]answer{"b": a}, nil)
		if got := r.reaches(at); got != (a == answering) {
			t.Errorf("after the answer %d: %v", a, got)
		}
	}
}

// A process that was killed and starts again under its name has the quorum as soon as it has been admitted and has probed the
// others. Until then it does not call itself cut off, which would suspend newcomers. It does not wait for a killed process at
// whose address a newer one of the same name answers.
func TestReturnAtOnce(t *testing.T) {
	r := new(roster)
	self, former, b := people("c")[0], people("b")[0], people("b")[0]
	self.Boot, b.Boot, b.Since = "new", "new", time.Now()
	r.start(self, false)
	address := netip.MustParseAddrPort("10.0.0.9:7946")
	a := people("a")[0]
	a.Standing, b.Standing = HasQuorum, HasQuorum
	r.put("c", people("c")[0], address)
	r.put("a", a, address)
	r.put("b-new", b, address)
	r.merge(state{standing: HasQuorum, complete: true, known: []knownNode{{node: "b", member: former, gossip: address, reason: Unreachable}}})
	if got := r.standing(); got != Joined {
		t.Errorf("once admitted its standing is %v, want Joined", got)
	}
	for range 3 {
		r.answer(true, map[string]answer{"a": answering, "b": answering, "b-new": answering, "c": answering}, nil)
	}
	if got := describe(r.View()); got != "a b c, quorum true" || r.standing() != HasQuorum {
		t.Errorf("after three rounds of probes: %s", got)
	}
}
