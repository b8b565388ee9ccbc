package main

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func TestChooseAttacks(t *testing.T) {
	all := []attack{{row: "1a", short: true}, {row: "1b"}, {row: "1b", short: true}}
	for _, c := range []struct {
		config config
		want   int
	}{{config{}, 3}, {config{short: true}, 2}, {config{only: "1b"}, 2}, {config{only: "1b, 1a", short: true}, 3}} {
		chosen, err := chooseAttacks(all, c.config)
		if err != nil || len(chosen) != c.want {
			t.Errorf("%+v chooses %d, %v; want %d", c.config, len(chosen), err, c.want)
		}
	}
	if _, err := chooseAttacks(all, config{only: "9z"}); err == nil || !strings.Contains(err.Error(), "9z") {
		t.Errorf("an unknown row gives %v", err)
	}
}

// The table has a row for each of those that real processes can show, each with what must hold.
func TestAttackTable(t *testing.T) {
	rows := map[string]bool{}
	for _, a := range attacks() {
		rows[a.row] = true
		if a.did == "" || a.must == "" || a.run == nil {
			t.Errorf("row %s is not whole: %+v", a.row, a)
		}
	}
	for _, row := range strings.Fields("1a 1b 1c 1d 1e 1f 1g 1h 1i 1j 1k 1l 2a 2b 2c 2d 2e 2f 2g") {
		if !rows[row] {
			t.Errorf("no attack is row %s", row)
		}
	}
	bad := attackResult{Row: "1a", Failure: "the victim is gone"}
	if text := bad.text(); !strings.Contains(text, "FAILED: the victim is gone") {
		t.Errorf("a failure is told as %q", text)
	}
}

// A stranger's frames are what a server reads, and it reads a server's.
func TestStrangerSocket(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	long := proto.Custom{Payload: make([]byte, 1000)}.Append(nil)
	if f := frame(long); len(f) != len(long)+8 || f[1] != 0x80|126 {
		t.Errorf("a frame of %d bytes for %d begins with %x", len(f), len(long), f[:8])
	}
	go func() {
		notice := proto.Notice{Text: "a"}.Append(nil)
		pong := proto.Pong{Micros: 7}.Append(nil)
		both := slices.Concat(notice, pong)
		_, _ = server.Write(append([]byte{0x82, byte(len(both))}, both...))
		_, _ = server.Write([]byte{0x88, 2, 0x0f, 0xae}) // 4014
	}()
	k := newSocket(client)
	body, all, err := k.await(proto.KindPong, strangerTimeout)
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	if p, err := proto.ParsePong(body); err != nil || p.Micros != 7 {
		t.Errorf("read %+v, %v", p, err)
	}
	var end closeFrame
	if _, err := k.read(strangerTimeout); !errors.As(err, &end) || end.code != proto.CloseSeat {
		t.Errorf("the end is %v", err)
	}
}

// Strangers have addresses that limits tell apart.
func TestStrangersDiffer(t *testing.T) {
	seen := map[string]bool{}
	for n := range 1 << 16 {
		a := strangerAt(n).address
		if seen[a] || net.ParseIP(a) == nil {
			t.Fatalf("stranger %d has the address %s", n, a)
		}
		seen[a] = true
	}
}
