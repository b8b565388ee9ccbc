package server

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A process without a free file descriptor plays on with the clients that it has, and shows it on connections that it has.
func TestNoDescriptors(t *testing.T) {
	cmd, url, players := faulty(t, nil)
	kept := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer kept.CloseIdleConnections()
	livez := func() string {
		resp, err := kept.Get(url + "/livez")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status, err)
		}
		return string(body)
	}
	if s := livez(); s != "ok\n" {
		t.Error(s)
	}
	limit := func(n uint64) (before uint64) {
		var old unix.Rlimit
		if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &old); err != nil {
			t.Skip(err)
		}
		if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: old.Max}, nil); err != nil {
			t.Skip(err)
		}
		return old.Cur
	}
	before := limit(3)
	if s := livez(); !strings.Contains(s, "descriptors") {
		t.Errorf("livez: %s", s)
	}
	goOn(t, players)
	limit(before)
	if s := livez(); s != "ok\n" {
		t.Error(s)
	}
	goOn(t, append(players, playPoison(t, url, "another")))
}
