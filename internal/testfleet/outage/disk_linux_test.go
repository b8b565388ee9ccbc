package outage

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of so many bytes at dir. Only root may.
func (b *bed) smallDisk(dir, size string) {
	b.t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		b.t.Skipf("SKIPPED, FULL DISKS ARE NOT TESTED: a small file system cannot be mounted: %v; run this test as root", err)
	}
	b.t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			b.t.Error(err)
		}
	})
}

// fill takes all the space of dir's disk. The result gives it back.
func (b *bed) fill(dir string) (free func()) {
	b.t.Helper()
	file := filepath.Join(dir, "filler")
	f, err := os.Create(file)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(page)
	}
	if !errors.Is(err, unix.ENOSPC) {
		b.t.Fatal(err)
	}
	return func() {
		if err := os.Remove(file); err != nil {
			b.t.Fatal(err)
		}
	}
}

// says reports whether livez of a process contains what.
func (b *bed) says(name, what string) bool {
	text, _ := b.do(http.MethodGet, name, "/livez", "")
	return strings.Contains(text, what)
}

// The disks of the spools are full while the store is down: rooms go on, the servers say what is wrong, and the outcomes stay in memory.
// The leader is killed meanwhile: its standby has them. When there is space they are written, and survive the next kill, of all servers.
func TestSpoolDiskIsFull(t *testing.T) {
	b := newBed(t)
	b.smallDisk(b.data("gs-1"), "256k")
	b.smallDisk(b.data("gs-2"), "256k")
	b.open()
	p := b.enter("ann", "short")
	b.await("the player hears outcomes", func() bool { return p.matches() >= 2 })
	b.kill(router)
	free := map[string]func(){"gs-1": b.fill(b.data("gs-1")), "gs-2": b.fill(b.data("gs-2"))}
	leader := p.at()
	b.await("the leader says that its disk is full", func() bool { return b.says(leader, "no space left on device") })
	waiting := b.waiting()
	b.await("matches go on", func() bool { return b.waiting() >= waiting+4 })
	decided := waiting + 4 // and those that the store has
	b.kill(leader)
	next := other(leader)
	b.await("the next leader has them", func() bool { return p.at() == next && b.waiting() >= decided })
	b.await("the next leader says that its disk is full", func() bool { return b.says(next, "no space left on device") })
	free[next]()
	b.await("they are written", func() bool { return !b.says(next, "no space left on device") })
	decided = b.waiting() - 1 // the last one may not be written
	b.kill(next)
	free[leader]()
	b.start(router)
	b.start("gs-1")
	b.start("gs-2")
	b.whole()
	b.oneInstance(b.settle(p), decided)
}

// The store's disk is full: outcomes wait, nobody hears them, and the router goes on. It also starts on a full disk. When there is
// space each is stored once.
func TestStoreDiskIsFull(t *testing.T) {
	b := newBed(t)
	dir := filepath.Join(b.dir, "results")
	b.smallDisk(dir, "4m")
	b.open()
	p := b.enter("ann", "short")
	b.await("the player hears outcomes", func() bool { return p.matches() >= 2 })
	free := b.fill(dir)
	b.await("outcomes wait", func() bool { return b.waiting() >= 6 })
	heard := p.matches()
	b.await("the server says why", func() bool { return b.says(p.at(), "503") })
	b.await("more wait", func() bool { return b.waiting() >= 10 })
	if n := p.matches(); n > heard {
		t.Errorf("%d outcomes were told that the store cannot have", n-heard)
	}
	if _, status := b.do(http.MethodGet, router, "/readyz", ""); status != http.StatusOK {
		t.Errorf("the router answers %d", status)
	}
	b.kill(router)
	b.start(router)
	b.whole()
	decided := p.matches() + b.waiting()
	b.await("more wait", func() bool { return b.waiting() >= decided-heard+4 })
	free()
	b.await("the player hears what it has missed", func() bool { return p.matches() >= decided })
	b.oneInstance(b.settle(p), decided)
}
