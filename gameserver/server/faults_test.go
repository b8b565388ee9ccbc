package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// faulty runs one server of the stuck game with stderr as given, and a player in each of some rooms.
func faulty(t *testing.T, stderr *os.File, env ...string) (cmd *exec.Cmd, url string, players []*poisonPlayer) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs processes")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // the log, which would tell the port, is not read
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	cmd = command(ctx, append(env, asGame+"="+asStuck), "-name=gs-1", "-listen="+addr)
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url = "http://" + addr
	await(t, "it listens", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	await(t, "it is ready", func() bool {
		_, status := fetch(t, url+"/readyz")
		return status == 200
	})
	for i := range 5 {
		players = append(players, playPoison(t, url, fmt.Sprint("room-", i)))
	}
	return cmd, url, players
}

func metric(t *testing.T, url, name string) string {
	t.Helper()
	body, _ := fetch(t, url+"/metrics")
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	t.Fatalf("no metric %s", name)
	return ""
}

// A log that nobody reads, as that of a collector that hangs, keeps no room, and shows. The server stops when it is told to.
func TestBlockedLog(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Write(func(fd uintptr) bool { // until the pipe is full; the server's end is the same
		for err == nil {
			_, err = syscall.Write(int(fd), make([]byte, 4096))
		}
		return true
	})
	cmd, url, players := faulty(t, w)
	goOn(t, players)
	await(t, "livez shows it", func() bool {
		body, status := fetch(t, url+"/livez")
		return status == 200 && strings.Contains(body, "the log is not read")
	})
	await(t, "a metric shows it", func() bool { return metric(t, url, "ringside_log_blocked") == "1" })
	goOn(t, players)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// A log whose reader has gone, or whose disk is full, keeps nobody either. What is lost is counted.
func TestLogThatCannotBeWritten(t *testing.T) {
	for name, open := range map[string]func() (*os.File, error){
		"broken pipe": func() (*os.File, error) {
			r, w, err := os.Pipe()
			if err == nil {
				r.Close()
			}
			return w, err
		},
		"no space": func() (*os.File, error) { return os.OpenFile("/dev/full", os.O_WRONLY, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			f, err := open()
			if err != nil {
				t.Skip(err)
			}
			defer f.Close()
			_, url, players := faulty(t, f)
			goOn(t, players)
			await(t, "it is counted", func() bool { return metric(t, url, "ringside_log_dropped_total") != "0" })
		})
	}
}

// A process that is stopped and continued, also in the middle of a tick, has no hung rooms: it asks who leads, and plays on.
func TestStoppedProcessIsNotHung(t *testing.T) {
	cmd, url, players := faulty(t, nil)
	if err := players[0].client.SendCustom([]byte("slow")); err != nil { // so that it is nearly always in a tick
		t.Fatal(err)
	}
	goOn(t, players)
	for range 2 {
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1200 * time.Millisecond) // the pause itself is what is tested
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		goOn(t, players)
	}
	if s := summaryOf(t, url); s.Hung != 0 || s.Moves["crash"] != 0 || s.Rooms != 5 {
		t.Errorf("%+v", s)
	}
	if body, status := fetch(t, url+"/livez"); status != 200 || body != "ok\n" {
		t.Errorf("livez: %d %s", status, body)
	}
}

// A server at its memory limit, where the collector runs all the time, plays on, and shows it.
func TestMemoryLimitShows(t *testing.T) {
	_, url, players := faulty(t, nil, "GOMEMLIMIT=4MiB")
	goOn(t, players)
	await(t, "livez shows it", func() bool {
		body, status := fetch(t, url+"/livez")
		return status == 200 && strings.Contains(body, "memory limit")
	})
	goOn(t, players)
	if s := summaryOf(t, url); s.Hung != 0 || s.Moves["crash"] != 0 {
		t.Errorf("%+v", s)
	}
}
