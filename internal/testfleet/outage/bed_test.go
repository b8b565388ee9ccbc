package outage

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/flags"
)

// patience bounds every wait for processes. Nothing passes because of it.
const patience = time.Minute

// programs is the directory of the router's binary.
var programs string

// routerProgram builds the router once.
var routerProgram = sync.OnceValues(func() (file string, err error) {
	if programs, err = os.MkdirTemp("", "outage-"); err != nil {
		return "", err
	}
	file = filepath.Join(programs, "router")
	out, err := exec.Command("go", "build", "-o", file, "github.com/ringside-go/ringside/router").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

// bed is a fleet of processes: a router with a results store, named "router", and game servers. Each keeps its addresses and its
// directory for as long as the test runs.
type bed struct {
	t       *testing.T
	dir     string
	store   string   // of -results
	env     []string // of the game servers, besides this process's own
	args    map[string][]string
	http    map[string]string // addresses, by name
	gossip  map[string]string
	running map[string]*exec.Cmd
}

const router = "router"

func newBed(t *testing.T) *bed {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs processes")
	}
	dir := t.TempDir()
	b := &bed{t: t, dir: dir, store: "sqlite:" + filepath.Join(dir, "results"),
		args: map[string][]string{}, http: map[string]string{}, gossip: map[string]string{}, running: map[string]*exec.Cmd{}}
	t.Cleanup(b.end)
	return b
}

// start starts a process by its name, with what it had on its disk before. args are for this process and those that replace it.
func (b *bed) start(name string, args ...string) {
	b.t.Helper()
	if b.http[name] == "" {
		b.http[name], b.gossip[name] = free(b.t), free(b.t)
		b.args[name] = args
	}
	program, env := os.Args[0], append(append(flags.Without(os.Environ()), asGame+"=1"), b.env...)
	own := []string{"-results", "-data=" + b.data(name), "-seeds=" + b.gossip[router], "-peer=127.0.0.1:0"}
	if name == router {
		var err error
		if program, err = routerProgram(); err != nil {
			b.t.Fatal(err)
		}
		own = []string{"-results=" + b.store, "-drain=0s", "-tickets-per-address=0"}
	}
	all := append([]string{"-name=" + name, "-listen=" + b.http[name], "-gossip=" + b.gossip[name]}, append(own, b.args[name]...)...)
	cmd := exec.Command(program, all...)
	cmd.Env = env
	log, err := os.OpenFile(b.log(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.running[name] = cmd
}

func (b *bed) log(name string) string  { return filepath.Join(b.dir, name+".log") }
func (b *bed) data(name string) string { return filepath.Join(b.dir, name) }

// kill ends processes as kill -9 does: all get the signal before the first is waited for.
func (b *bed) kill(names ...string) {
	for _, name := range names {
		_ = b.running[name].Process.Kill()
	}
	for _, name := range names {
		_ = b.running[name].Wait()
		delete(b.running, name)
	}
}

func (b *bed) signal(name string, s os.Signal) {
	b.t.Helper()
	if err := b.running[name].Process.Signal(s); err != nil {
		b.t.Fatal(err)
	}
}

// stop ends processes in order.
func (b *bed) stop(names ...string) {
	b.t.Helper()
	for _, name := range names {
		b.signal(name, syscall.SIGTERM)
	}
	for _, name := range names {
		if err := b.running[name].Wait(); err != nil {
			b.t.Errorf("%s, told to end: %v", name, err)
		}
		delete(b.running, name)
	}
}

// end kills what runs. Of a failed test it shows the ends of the logs.
func (b *bed) end() {
	for name := range b.running {
		b.kill(name)
	}
	if !b.t.Failed() {
		return
	}
	for name := range b.http {
		text, _ := os.ReadFile(b.log(name))
		b.t.Logf("%s, the end of its log:\n%s", name, text[max(0, len(text)-4000):])
	}
}

// open starts a router and two game servers, and waits until all see each other.
func (b *bed) open(routerArgs ...string) {
	b.t.Helper()
	b.start(router, routerArgs...)
	b.start("gs-1")
	b.start("gs-2")
	b.whole()
}

// whole waits until the game servers see each other and the router, and the router reaches them.
func (b *bed) whole() {
	b.t.Helper()
	b.await("all see each other", func() bool {
		for name := range b.running {
			var details struct {
				Sees struct {
					Quorum  bool
					Members map[string]string
				}
			}
			if name != router && (!b.get(name, "/v1/server/details", &details) || !details.Sees.Quorum || len(details.Sees.Members) != len(b.running)) {
				return false
			}
		}
		if b.running[router] == nil {
			return true
		}
		var fleet struct{ Members []struct{ Reachable bool } }
		reached := 0
		if b.get(router, "/v1/fleet", &fleet) {
			for _, m := range fleet.Members {
				if m.Reachable {
					reached++
				}
			}
		}
		return reached == len(b.running)-1
	})
}

// await polls, because the other side is a process.
func (b *bed) await(what string, ok func() bool) {
	b.t.Helper()
	b.awaitFor(patience, what, ok)
}

func (b *bed) awaitFor(limit time.Duration, what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// do sends a request to a process. An error is a status of 0.
func (b *bed) do(method, name, path, body string) (text string, status int) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, "http://"+b.http[name]+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Close = true
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return err.Error(), 0
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error(), 0
	}
	return string(all), resp.StatusCode
}

// get reads JSON from a process. False: it does not answer.
func (b *bed) get(name, path string, v any) bool {
	b.t.Helper()
	text, status := b.do(http.MethodGet, name, path, "")
	if status != http.StatusOK {
		return false
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		b.t.Fatalf("%s%s: %v: %s", name, path, err, text)
	}
	return true
}

// metric sums a metric of a process over the series whose labels contain all of labels.
func (b *bed) metric(name, metric string, labels ...string) (sum float64) {
	b.t.Helper()
	var text string
	b.await(name+" answers", func() bool {
		var status int
		text, status = b.do(http.MethodGet, name, "/metrics", "")
		return status == http.StatusOK
	})
	for line := range strings.Lines(text) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		family, have, _ := strings.Cut(series, "{")
		if family != metric || slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(have, l) }) {
			continue
		}
		var n float64
		if _, err := fmt.Sscan(value, &n); err != nil {
			b.t.Fatalf("%s: %q: %v", name, line, err)
		}
		sum += n
	}
	return sum
}

// waiting is how many outcomes the game servers that run keep for the store.
func (b *bed) waiting() (n int) {
	for name := range b.running {
		if name != router {
			n += int(b.metric(name, "ringside_outcomes_waiting"))
		}
	}
	return n
}

// storedOutcome is one of GET /v1/outcomes.
type storedOutcome struct {
	Seq     int `json:"seq"`
	Outcome struct {
		Instance string `json:"instance"`
		Room     string `json:"room"`
		Match    uint32 `json:"match"`
		Tick     uint32 `json:"tick"`
		Results  []struct {
			Player string `json:"player"`
			Score  int32  `json:"score"`
		} `json:"results"`
	} `json:"outcome"`
}

// stored reads all outcomes of the store.
func (b *bed) stored() (all []storedOutcome) {
	b.t.Helper()
	for after := 0; ; after = all[len(all)-1].Seq {
		var page struct{ Outcomes []storedOutcome }
		if !b.get(router, fmt.Sprintf("/v1/outcomes?limit=500&after=%d", after), &page) {
			b.t.Fatal("the store cannot be read")
		}
		if len(page.Outcomes) == 0 {
			return all
		}
		all = append(all, page.Outcomes...)
	}
}

// conflicts reads the refused outcomes.
func (b *bed) conflicts() string {
	b.t.Helper()
	text, status := b.do(http.MethodGet, router, "/internal/v1/conflicts", "")
	if status != http.StatusOK {
		b.t.Fatalf("conflicts: %d, %s", status, text)
	}
	return text
}

// settle ends the players, waits until no game server keeps an outcome, and checks that the store has every match of every instance
// once, and that the players have heard nothing else.
func (b *bed) settle(players ...*player) (all []storedOutcome) {
	b.t.Helper()
	for _, p := range players {
		p.leave()
	}
	b.await("everything is delivered", func() bool { return b.waiting() == 0 })
	all = b.stored()
	next := map[string]uint32{}
	for n, o := range all {
		if o.Seq != n+1 {
			b.t.Fatalf("outcome %d of the store has number %d", n+1, o.Seq)
		}
	}
	byMatch := slices.Clone(all)
	slices.SortStableFunc(byMatch, func(x, y storedOutcome) int { return int(x.Outcome.Match) - int(y.Outcome.Match) })
	for _, o := range byMatch {
		if next[o.Outcome.Instance]++; o.Outcome.Match != next[o.Outcome.Instance] {
			b.t.Fatalf("instance %s of room %s has match %d where %d should be", o.Outcome.Instance, o.Outcome.Room, o.Outcome.Match, next[o.Outcome.Instance])
		}
	}
	for _, p := range players {
		p.check(all)
	}
	return all
}

// free is an address that nobody listens on, for a process that is started again under it.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
