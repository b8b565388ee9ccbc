package replication

import (
	"syscall"
	"testing"
	"time"
)

// Both sides hear once, and in time, how a link has ended.
func TestLost(t *testing.T) {
	for name, c := range map[string]struct {
		end             func(f *fleet)
		stream, replica string // "" where the process itself is the one that died
		within          time.Duration
	}{
		"standby crashes":         {func(f *fleet) { f.hosts[1].Crash() }, "lost: " + ErrBroken.Error(), "", 2 * time.Millisecond},
		"leader crashes":          {func(f *fleet) { f.hosts[0].Crash() }, "", "lost: " + ErrBroken.Error(), 2 * time.Millisecond},
		"standby's host is lost":  {func(f *fleet) { f.hosts[1].Lose() }, "lost: " + ErrTimeout.Error(), "", SilenceTimeout},
		"leader's host is lost":   {func(f *fleet) { f.hosts[0].Lose() }, "", "lost: " + ErrTimeout.Error(), SilenceTimeout},
		"partition":               {func(f *fleet) { f.net.Partition([]string{ipA}, []string{ipB}) }, "lost: " + ErrTimeout.Error(), "lost: " + ErrTimeout.Error(), SilenceTimeout},
		"standby is not heard":    {func(f *fleet) { f.net.Cut([]string{ipB}, []string{ipA}) }, "lost: " + ErrTimeout.Error(), "lost: " + ErrBroken.Error(), SilenceTimeout + 2*time.Millisecond},
		"standby stops its links": {func(f *fleet) { f.b.Close() }, "lost: " + ErrBroken.Error(), "lost: " + ErrStopped.Error(), 2 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, nil, func(f *fleet) {
				stream, events := f.open("r")
				stream.QueueKeyframe(1, nil, nil)
				time.Sleep(10 * time.Second) // a link on which no room ticks stays, by its pings
				f.expect("stream", events, "acked 1")
				begin := time.Now()
				c.end(f)
				time.Sleep(5 * time.Second)
				for _, side := range []struct {
					what string
					j    *journal
					want string
				}{{"stream", events, c.stream}, {"replica", f.at.of("r"), c.replica}} {
					line, at := side.j.last()
					if took := at.Sub(begin); side.want != "" && (line != side.want || took > c.within || len(side.j.all()) != 2) {
						t.Errorf("%s: after %v: %v, want %s", side.what, took, side.j.all(), side.want)
					}
				}
				f.net.Heal()
			})
		})
	}
}

// What a dial proves: another server at the address ends the old one, a refusal across the network proves nothing, and a
// local error is not even an answer.
func TestLostAtTheDial(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*fleet)
		want    error
	}{
		"refused":        {func(f *fleet) { f.config.Listen = ipB + ":7001" }, ErrRefusedDial},
		"firewall":       {func(f *fleet) { f.net.Refuse([]string{ipA}, []string{ipB}) }, ErrRefusedDial},
		"no descriptors": {func(f *fleet) { f.net.FailDials([]string{ipA}, []string{ipB}, syscall.EMFILE) }, ErrLocal},
		"no route":       {func(f *fleet) { f.net.FailDials([]string{ipA}, []string{ipB}, syscall.EHOSTUNREACH) }, ErrLocal},
		"another":        {func(f *fleet) { f.config.Name = "c" }, ErrGone},
		"other CA": {func(f *fleet) {
			f.secure()
			f.config.Certs = member(f.t, strangers(f.t), role, "b")
		}, ErrIncompatible},
		"another over TLS": {func(f *fleet) {
			f.secure()
			f.config.Name, f.config.Certs = "c", member(f.t, f.ca, role, "c")
		}, ErrGone},
		"cut off over TLS": {func(f *fleet) {
			f.secure()
			f.net.Cut([]string{ipB}, []string{ipA})
		}, ErrTimeout},
		"cut off": {func(f *fleet) { f.net.Cut([]string{ipA}, []string{ipB}) }, ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, c.prepare, func(f *fleet) {
				stream, events := f.open("r")
				stream.QueueKeyframe(1, nil, nil)
				time.Sleep(dialTimeout + time.Second)
				f.expect("stream", events, "lost: "+c.want.Error())
				if stream.QueueKeyframe(2, nil, nil) {
					t.Error("a lost stream goes on")
				}
				f.net.Heal()
			})
		})
	}
}

// The next stream after a lost one dials again.
func TestOpenAgain(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		first, events := f.open("r")
		first.QueueKeyframe(1, nil, nil)
		pass()
		f.net.Partition([]string{ipA}, []string{ipB})
		time.Sleep(time.Second)
		f.net.Heal()
		pass()
		f.expect("first", events, "acked 1", "lost: "+ErrTimeout.Error())
		second, events := f.open("r")
		second.QueueKeyframe(2, nil, nil)
		pass()
		f.expect("second", events, "acked 2")
	})
	a, stop := start(t, config(t, "a"), nothing)
	stop()
	stream := a.Open("b", "127.0.0.1:1", Open{}, nil)
	if stream.QueueKeyframe(1, nil, nil) {
		t.Error("stopped links take a keyframe")
	}
	stream.Stop("")
}
