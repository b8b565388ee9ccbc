package resources

import (
	"math"
	"testing"
	"testing/fstest"
)

func TestMemory(t *testing.T) {
	const gib = 1 << 30
	file := func(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
	machine := file("MemTotal:       25165824 kB\nMemFree:         1000 kB\n") // 24 GiB
	for name, c := range map[string]struct {
		goLimit int64
		files   fstest.MapFS
		want    int64
	}{
		"nothing known": {math.MaxInt64, fstest.MapFS{}, 0},
		"machine":       {math.MaxInt64, fstest.MapFS{"proc/meminfo": machine}, 24 * gib},
		"GOMEMLIMIT":    {2 * gib, fstest.MapFS{"proc/meminfo": machine}, 2 * gib},
		"GOMEMLIMIT above the cgroup's": {2 * gib, fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/\n"),
			"sys/fs/cgroup/memory.max": file("1073741824\n")}, 2 * gib},
		"container": {math.MaxInt64, fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/\n"),
			"sys/fs/cgroup/memory.max": file("1073741824\n")}, gib},
		"service in a slice with a limit": {math.MaxInt64, fstest.MapFS{"proc/meminfo": machine,
			"proc/self/cgroup":                                     file("0::/game.slice/game.service\n"),
			"sys/fs/cgroup/game.slice/memory.max":                  file("3221225472\n"),
			"sys/fs/cgroup/game.slice/game.service/memory.max":     file("max\n"),
			"sys/fs/cgroup/game.slice/game.service/x/memory.max":   file("1\n"),
			"sys/fs/cgroup/other.slice/other.service/x/memory.max": file("1\n")}, 3 * gib},
		"service below its slice": {math.MaxInt64, fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"),
			"sys/fs/cgroup/a/memory.max": file("3221225472\n"), "sys/fs/cgroup/a/b/memory.max": file("1073741824\n")}, gib},
		"service above its slice": {math.MaxInt64, fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"),
			"sys/fs/cgroup/a/memory.max": file("1073741824\n"), "sys/fs/cgroup/a/b/memory.max": file("3221225472\n")}, gib},
		"no limit": {math.MaxInt64, fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/a\n"),
			"sys/fs/cgroup/a/memory.max": file("max\n")}, 24 * gib},
		"limit above the machine": {math.MaxInt64, fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/\n"),
			"sys/fs/cgroup/memory.max": file("109951162777600\n")}, 24 * gib},
		"version 1": {math.MaxInt64, fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("9:cpu:/a\n4:memory:/docker/x\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("536870912\n")}, gib / 2},
		"version 1 without a limit": {math.MaxInt64, fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("4:memory:/\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")}, 24 * gib},
		"nonsense": {math.MaxInt64, fstest.MapFS{"proc/meminfo": file("MemTotal: much\n"), "proc/self/cgroup": file("x")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := memory(c.goLimit, c.files); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
