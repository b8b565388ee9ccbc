package ownership

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// The model joins one Machine per server for one room, in virtual time. model_*_test.go hold, in this order of dependence: time and
// the record of what happened (here), the network, the view of the fleet, the streams, the shell, the clients, the checks and
// the faults.

// model is one run.
type model struct {
	rng    *rand.Rand
	now    time.Duration
	queue  moments
	count  uint64
	steps  int
	nodes  []*node
	config modelConfig
	check  checks
	past   []string // the last lines of what happened
	failed string

	cut      [][]bool // one way: nothing gets from the first to the second
	firewall [][]bool // the second refuses what the first asks
	official map[int]bool
	streams  uint64
	clients  []*client
	healed   bool
	changed  time.Duration // when the last fault began or ended
}

type modelConfig struct {
	servers, standbys int
	loopback          bool          // all servers run on one machine, whose kernel proves ends
	delay             time.Duration // largest one way
	drop              int           // questions lost, in percent
	slow              int           // simulations that take long, in percent
	tick              time.Duration
}

// Bounds of the environment. The machine's times rest on them.
const (
	noticeMin = time.Second            // an end of a stream notices silence after this
	noticeMax = 2 * time.Second        // at the latest
	idleTime  = 15 * time.Second       // an end of a link without streams notices silence after this
	suspect   = 3 * time.Second        // a view misses a silent server at the latest after this
	roundTime = 250 * time.Millisecond // of questions
	enterTime = 5 * time.Second        // a client waits for an answer
)

type moment struct {
	at  time.Duration
	seq uint64
	run func()
}

type moments []moment

func (q moments) Len() int { return len(q) }
func (q moments) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q moments) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *moments) Push(x any)   { *q = append(*q, x.(moment)) }
func (q *moments) Pop() any {
	old := *q
	x := old[len(old)-1]
	old[len(old)-1] = moment{}
	*q = old[:len(old)-1]
	return x
}

func (m *model) after(d time.Duration, run func()) {
	m.count++
	heap.Push(&m.queue, moment{m.now + d, m.count, run})
}

// runUntil advances the time.
func (m *model) runUntil(t time.Duration) {
	same := 0
	for m.failed == "" && len(m.queue) > 0 && m.queue[0].at <= t {
		e := heap.Pop(&m.queue).(moment)
		if e.at > m.now {
			same = 0
		}
		if same++; same > 100_000 {
			m.fail("time stands still")
		}
		m.now = max(m.now, e.at)
		e.run()
	}
	m.now = max(m.now, t)
}

func (m *model) fail(format string, args ...any) {
	if m.failed == "" {
		m.failed = fmt.Sprintf(format, args...)
		m.log("FAILED: " + m.failed)
	}
}

const pastLines = 2000

func (m *model) log(s string) {
	if len(m.past) >= 2*pastLines {
		m.past = append(m.past[:0], m.past[pastLines:]...)
	}
	m.past = append(m.past, fmt.Sprintf("%9.3f %s", m.now.Seconds(), s))
}

func (m *model) story() string {
	return strings.Join(m.past[max(0, len(m.past)-pastLines):], "\n")
}

func (m *model) chance(percent int) bool { return m.rng.IntN(100) < percent }

// between draws a duration.
func (m *model) between(a, b time.Duration) time.Duration {
	if b <= a {
		return a
	}
	return a + time.Duration(m.rng.Int64N(int64(b-a)))
}

// state is the room's state: immutable. hash depends on everything that happened before.
type state struct {
	instance proto.Instance
	epoch    proto.Epoch // that ticked it last
	tick     proto.Tick
	hash     uint64
	outcomes []outcome
}

type outcome struct {
	tick  proto.Tick
	value uint64
}

// matchTicks is how long a match takes.
const matchTicks = 10

func mix(h, x uint64) uint64 {
	h ^= x + 0x9e3779b97f4a7c15 + h<<6 + h>>2
	h *= 0xff51afd7ed558ccd
	return h ^ h>>33
}

func (s *state) next(epoch proto.Epoch, input uint64) *state {
	n := &state{s.instance, epoch, s.tick + 1, mix(mix(s.hash, uint64(s.tick)), input), s.outcomes}
	if n.tick%matchTicks == 0 {
		n.outcomes = append(n.outcomes[:len(n.outcomes):len(n.outcomes)], outcome{n.tick, n.hash})
	}
	return n
}

func newModel(seed uint64, c modelConfig) *model {
	m := &model{rng: rand.New(rand.NewPCG(seed, 1)), config: c, official: map[int]bool{}}
	m.check.begin()
	for i := range c.servers {
		m.cut = append(m.cut, make([]bool, c.servers))
		m.firewall = append(m.firewall, make([]bool, c.servers))
		n := &node{model: m, i: i, name: string(rune('a' + i)), offset: time.Duration(1+m.rng.IntN(1000)) * time.Second}
		m.nodes = append(m.nodes, n)
		m.official[i] = true
	}
	for _, n := range m.nodes {
		n.boot(true)
	}
	m.oracle()
	for range 3 {
		m.newClient()
	}
	return m
}
