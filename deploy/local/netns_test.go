package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// testNamespaces makes a network, or skips the test where none can be made.
func testNamespaces(t *testing.T, hosts ...string) *namespaces {
	t.Helper()
	n, err := openNamespaces(t.Context(), hosts)
	if errors.Is(err, errNoNamespaces) || err != nil && strings.Contains(err.Error(), "not permitted") || errors.Is(err, errNamespacesBusy) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.close)
	return n
}

// heard reports whether what a host sends to another arrives: a connection is made both ways around and nothing else.
func heard(t *testing.T, from, to string, n *namespaces) bool {
	t.Helper()
	var l net.Listener
	var err error
	listen := func() { l, err = net.Listen("tcp", net.JoinHostPort(n.address(to), "0")) }
	if inErr := inNamespace(nsPrefix+to, listen); inErr != nil || err != nil {
		t.Fatal(inErr, err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var c net.Conn
	dial := func() { c, err = new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String()) }
	if inErr := inNamespace(nsPrefix+from, dial); inErr != nil {
		t.Fatal(inErr)
	}
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

func TestNamespacesAreCutAndHealed(t *testing.T) {
	n := testNamespaces(t, "a", "b", "c")
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string, want map[string]bool) {
		t.Helper()
		for pair, reached := range want {
			if heard(t, pair[:1], pair[1:], n) != reached {
				t.Errorf("%s: %s reaches %s: %v, want %v", when, pair[:1], pair[1:], !reached, reached)
			}
		}
	}
	whole := map[string]bool{"ab": true, "ba": true, "ac": true, "bc": true}
	expect("at first", whole)
	must(n.cut(ctx, "a", "b")) // answers are lost too
	expect("a's words to b are lost", map[string]bool{"ab": false, "ba": false, "ac": true, "bc": true})
	must(n.join(ctx, "a", "b"))
	expect("healed", whole)
	must(n.unplug(ctx, "c"))
	expect("c is unplugged", map[string]bool{"ab": true, "ac": false, "ca": false, "bc": false})
	must(n.plug(ctx, "c"))
	expect("plugged in again", whole)
}

func TestOneRunHasTheNamespaces(t *testing.T) {
	testNamespaces(t, "a")
	if _, err := openNamespaces(t.Context(), []string{"a"}); !errors.Is(err, errNamespacesBusy) {
		t.Errorf("the second run is told %v", err)
	}
}
