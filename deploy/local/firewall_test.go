package main

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// connect opens a connection from one host to a listener on another, and gives both ends.
func connect(t *testing.T, n *namespaces, from, to string) (near, far net.Conn, err error) {
	t.Helper()
	var l net.Listener
	if inErr := inNamespace(nsPrefix+to, func() { l, err = net.Listen("tcp", net.JoinHostPort(n.address(to), "0")) }); inErr != nil || err != nil {
		t.Fatal(inErr, err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if inErr := inNamespace(nsPrefix+from, func() { near, err = new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String()) }); inErr != nil {
		t.Fatal(inErr)
	}
	if err != nil {
		return nil, nil, err
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far, nil
}

// datagram reports whether one that a host sends to another arrives.
func datagram(t *testing.T, n *namespaces, from, to string) bool {
	t.Helper()
	var in, out net.PacketConn
	var err error
	listen := func(host string, conn *net.PacketConn) {
		if inErr := inNamespace(nsPrefix+host, func() { *conn, err = net.ListenPacket("udp", net.JoinHostPort(n.address(host), "0")) }); inErr != nil || err != nil {
			t.Fatal(inErr, err)
		}
	}
	listen(to, &in)
	defer in.Close()
	listen(from, &out)
	defer out.Close()
	if _, err := out.WriteTo([]byte("x"), in.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	_ = in.SetReadDeadline(time.Now().Add(300 * time.Millisecond)) // fails on a closed socket only
	_, _, err = in.ReadFrom(make([]byte, 1))
	return err == nil
}

// wantReset sends over a connection, whose firewall answers with a reset: both ends hear it.
func wantReset(t *testing.T, near, far net.Conn) {
	t.Helper()
	for _, c := range []net.Conn{near, far} {
		_, _ = c.Write([]byte("x")) // the first packet is what the firewall answers
	}
	for _, c := range []net.Conn{near, far} {
		_ = c.SetReadDeadline(time.Now().Add(time.Second)) // fails on a closed connection, where the read does too
		for err := error(nil); !errors.Is(err, syscall.ECONNRESET); _, err = c.Read(make([]byte, 1)) {
			if err != nil {
				t.Errorf("%v reads %v, want a reset", c.LocalAddr(), err)
				break
			}
		}
	}
}

func TestHostsRefuseEachOther(t *testing.T) {
	for _, f := range firewalls {
		t.Run(f.program, func(t *testing.T) {
			if _, err := exec.LookPath(f.program); err != nil {
				t.Skip(err)
			}
			n := testNamespaces(t, "a", "b", "c")
			f, err := n.findFirewall(t.Context(), []firewall{f})
			if err != nil {
				t.Skip(err)
			}
			near, far, err := connect(t, n, "a", "b")
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(f.block(t.Context(), n, "a", "b"), f.block(t.Context(), n, "b", "a")); err != nil {
				t.Fatal(err)
			}
			wantReset(t, near, far)
			for _, pair := range []string{"ab", "ba"} {
				if _, _, err := connect(t, n, pair[:1], pair[1:]); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("%s dials %s: %v, want a refusal", pair[:1], pair[1:], err)
				}
				if datagram(t, n, pair[:1], pair[1:]) {
					t.Errorf("a datagram of %s has reached %s", pair[:1], pair[1:])
				}
			}
			for _, pair := range []string{"ac", "cb"} {
				if _, _, err := connect(t, n, pair[:1], pair[1:]); err != nil || !datagram(t, n, pair[:1], pair[1:]) {
					t.Errorf("%s does not reach %s: %v", pair[:1], pair[1:], err)
				}
			}
			if err := errors.Join(f.open(t.Context(), "a"), f.open(t.Context(), "b")); err != nil {
				t.Fatal(err)
			}
			if _, _, err := connect(t, n, "a", "b"); err != nil || !datagram(t, n, "b", "a") {
				t.Errorf("a does not reach b when all is open: %v", err)
			}
		})
	}
}

func TestNoFirewallIsSaid(t *testing.T) {
	n := testNamespaces(t, "a")
	broken := slices.Clone(firewalls)
	broken[0] = firewall{program: "no-such-program"}
	broken[1] = firewall{program: "false", refuse: []string{""}, admit: ""}
	if _, err := n.findFirewall(t.Context(), broken); !errors.Is(err, errNoFirewall) {
		t.Errorf("error is %v", err)
	}
}
