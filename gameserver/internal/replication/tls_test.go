package replication

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Over TLS a stream survives the lossy network's resends, ends after the same silence as in the clear, and opens again.
func TestStreamOverTLS(t *testing.T) {
	simulate(t, (*fleet).secure, func(f *fleet) {
		first, events := f.open("r")
		first.QueueKeyframe(1, make([]byte, 100<<10), []byte("hidden"))
		for tick := proto.Tick(2); tick <= 100; tick++ {
			first.QueueTick(tick, []byte("p"), []byte("s"))
			f.a.Flush()
			time.Sleep(10 * time.Millisecond)
		}
		pass()
		if line, _ := events.last(); line != "acked 100" {
			t.Errorf("the stream's last event is %q", line)
		}
		if lines := f.at.of("r").all(); len(lines) != 100 || lines[0] != fmt.Sprintf("keyframe 1 %d+6", 100<<10) {
			t.Errorf("the standby heard %d things, first %q", len(lines), lines[0])
		}
		began := time.Now()
		f.net.Partition([]string{ipA}, []string{ipB})
		time.Sleep(3 * time.Second)
		line, at := events.last()
		if took := at.Sub(began); line != "lost: "+ErrTimeout.Error() || took > SilenceTimeout+time.Millisecond {
			t.Errorf("%q after %v", line, took)
		}
		f.net.Heal()
		if a, err := f.a.Query(f.t.Context(), "b", addrB, ownership.Query{Room: "r"}); err != nil || a.Process.Server != "b" {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// A link outlives the certificates that it began with, and the next one is made with new ones.
func TestLinksOverDays(t *testing.T) {
	simulate(t, (*fleet).secure, func(f *fleet) {
		ask := func() {
			t.Helper()
			if _, err := f.a.Query(f.t.Context(), "b", addrB, ownership.Query{Room: "r"}); err != nil {
				t.Error(err)
			}
		}
		ask()
		time.Sleep(50 * time.Hour)
		ask()
		f.net.Partition([]string{ipA}, []string{ipB})
		time.Sleep(time.Minute)
		f.net.Heal()
		ask()
	})
}
