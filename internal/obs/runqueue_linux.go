package obs

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// runQueue tells for how long the threads of this process have waited for a CPU.
type runQueue struct {
	known map[string]time.Duration // by thread, since it began; nil: not looked yet
}

// waited is by how much the wait of one thread has grown since the last call, of the thread that has waited longest. 0: it is not
// known. The system counts a wait when it ends.
func (q *runQueue) waited() (longest time.Duration) {
	const tasks = "/proc/self/task"
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return 0
	}
	before := q.known
	q.known = make(map[string]time.Duration, len(threads))
	for _, t := range threads {
		text, err := os.ReadFile(tasks + "/" + t.Name() + "/schedstat") // time on a CPU, time waited, time slices
		if err != nil {
			continue // it has ended
		}
		fields := bytes.Fields(text)
		if len(fields) < 2 {
			continue
		}
		n, err := strconv.ParseInt(string(fields[1]), 10, 64)
		if err != nil {
			continue
		}
		q.known[t.Name()] = time.Duration(n)
		if then, ok := before[t.Name()]; ok {
			longest = max(longest, time.Duration(n)-then)
		}
	}
	return longest
}

func (q *runQueue) forget() { q.known = nil }
