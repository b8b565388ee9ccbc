//go:build unix

package replication

import (
	"bufio"
	"crypto/sha256"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/proto"
)

// BenchmarkLeader measures what a standby in another process costs a busy leader, without encoding the hidden delta: 100
// rooms tick one after another on one core; each tick is about 60 µs of work and is flushed by itself. cpu-ns/room-tick is
// all of the process's CPU. The difference between "one standby" and "none" is queueing, sealing, writing and reading acks.
func BenchmarkLeader(b *testing.B) {
	for _, name := range []string{"none", "one standby"} {
		b.Run(name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			c := config(b, "a")
			from, _ := start(b, c, quiet{})
			streams := make([]*Stream, 100)
			if name != "none" {
				acked := make(chan proto.Tick, len(streams))
				addr := standbyProcess(b)
				for i := range streams {
					streams[i] = from.Open("b", addr, Open{Room: "r", Game: "arena"}, keyframeAck{acked: acked})
					streams[i].QueueKeyframe(0, nil, nil)
				}
				from.Flush()
				for range streams {
					<-acked
				}
			}
			public, secret, work := make([]byte, publicBytes), make([]byte, secretBytes), make([]byte, 64<<10)
			i, tick, used := 0, proto.Tick(1), cpu(b)
			for b.Loop() {
				sha256.Sum256(work)
				if streams[i] != nil && !streams[i].QueueTick(tick, public, secret) {
					b.Fatal("the link is lost or full:", streams[i].link.over())
				}
				from.Flush()
				if i++; i == len(streams) {
					i, tick = 0, tick+1
				}
			}
			b.ReportMetric(float64(cpu(b)-used)/float64(b.N), "cpu-ns/room-tick")
		})
	}
}

// keyframeAck signals the keyframe's ack.
type keyframeAck struct {
	quiet
	acked chan proto.Tick
}

func (h keyframeAck) Acked(tick proto.Tick) {
	if tick == 0 {
		h.acked <- tick
	}
}

// cpu is the CPU time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const standbyEnv = "RINGSIDE_TEST_STANDBY"

// standbyProcess starts this test binary as server b and returns its address.
func standbyProcess(b *testing.B) string {
	cmd := exec.Command(os.Args[0], "-test.run=^TestStandbyProcess$")
	files := writeCA(b)
	cmd.Env = append(os.Environ(), standbyEnv+"="+files.Cert+":"+files.Key)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		io.Copy(io.Discard, out)
		cmd.Wait()
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

// TestStandbyProcess is not a test: it is the process that standbyProcess starts. It ends with its standard input.
func TestStandbyProcess(t *testing.T) {
	cert, key, ok := strings.Cut(os.Getenv(standbyEnv), ":")
	if !ok {
		t.Skip("runs as the other process of BenchmarkLeader")
	}
	c := config(t, "b")
	c.Certs = member(t, certs.FleetFiles{Cert: cert, Key: key}, role, "b")
	l, _ := start(t, c, quiet{})
	os.Stdout.WriteString(l.Addr().String() + "\n")
	io.Copy(io.Discard, os.Stdin)
}
