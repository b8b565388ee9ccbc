// Package resources tells what the system lets this process use: memory and descriptors. Default limits follow from it.
package resources

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// Memory is what this process may use, in bytes: GOMEMLIMIT, otherwise the smallest limit of its control groups, but not more than the
// machine has. 0: unknown, as on other systems than Linux.
func Memory() int64 { return memory(debug.SetMemoryLimit(-1), os.DirFS("/")) }

// memory is Memory with GOMEMLIMIT given, and root as the file system.
func memory(goLimit int64, root fs.FS) int64 {
	if goLimit != math.MaxInt64 {
		return goLimit
	}
	limit := int64(math.MaxInt64)
	if machine := machineMemory(root); machine > 0 {
		limit = machine
	}
	if group := groupMemory(root); group > 0 {
		limit = min(limit, group)
	}
	if limit == math.MaxInt64 {
		return 0
	}
	return limit
}

// machineMemory is the machine's memory in bytes; 0: unknown.
func machineMemory(root fs.FS) int64 {
	for line := range lines(root, "proc/meminfo") {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// groupMemory is the smallest limit of the process's control group and those above it, of version 2 or 1, in bytes; 0: none.
// In a container they are seen from its own, at the root.
func groupMemory(root fs.FS) (limit int64) {
	for line := range lines(root, "proc/self/cgroup") {
		fields := strings.SplitN(line, ":", 3) // number, controllers, path
		if len(fields) != 3 {
			continue
		}
		base, file := "sys/fs/cgroup", "memory.max"
		switch fields[1] {
		case "":
		case "memory":
			base, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Join("/", fields[2]); ; group = path.Dir(group) {
			text, _ := fs.ReadFile(root, path.Join(base, group, file))
			n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // not of "max"
			if err == nil && n > 0 && (limit == 0 || n < limit) {
				limit = n
			}
			if group == "/" {
				break
			}
		}
	}
	return limit
}

// lines gives the lines of a file; none if it cannot be read.
func lines(root fs.FS, name string) func(yield func(string) bool) {
	text, _ := fs.ReadFile(root, name)
	return func(yield func(string) bool) {
		for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan() && yield(s.Text()); {
		}
	}
}
