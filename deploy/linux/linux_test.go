// Package linux has what machines without Kubernetes need: units, settings, keys. Its tests start a fleet from these files as README.md says.
package linux

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// members of the test's fleet by name: the role, and the loopback address that stands for the machine's.
var members = []struct{ name, role, ip string }{
	{"game-1", "gameserver", "127.77.0.11"},
	{"game-2", "gameserver", "127.77.0.12"},
	{"game-3", "gameserver", "127.77.0.13"},
	{"router-1", "router", "127.77.0.10"},
}

// ticketKeys are the halves of the ticket key by role.
var ticketKeys = map[string]string{"gameserver": "ticket.pub.pem", "router": "ticket.pem"}

// unit is a systemd unit's settings, by section and name, in their order.
type unit map[string]map[string][]string

func readUnit(t *testing.T, file string) unit {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	u, section := unit{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]")
			u[section] = map[string][]string{}
		case !ok || section == "":
			t.Fatalf("%s: what is %q?", file, line)
		default:
			u[section][name] = append(u[section][name], value)
		}
	}
	return u
}

func (u unit) one(t *testing.T, name string) string {
	t.Helper()
	if v := u["Service"][name]; len(v) == 1 {
		return v[0]
	}
	t.Fatalf("%s is there %d times", name, len(u["Service"][name]))
	return ""
}

// readEnv reads an environment file. With all set, lines that are commented out count too.
func readEnv(t *testing.T, file string, all bool) (env []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if all && strings.HasPrefix(line, "#") && strings.Contains(line, "=") && !strings.Contains(line, " ") {
			line = line[1:]
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			env = append(env, line)
		}
	}
	return env
}

func build(t *testing.T) (bin string) {
	t.Helper()
	bin = t.TempDir()
	out, err := exec.Command("go", "build", "-o", bin+"/", "../../router", "../../gameserver", "../../clients/bot").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// accepts checks that a program knows all RINGSIDE_ variables of env, and their values.
func accepts(t *testing.T, program string, env []string) {
	t.Helper()
	cmd := exec.Command(program, "-version")
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// Every setting of the examples, those that are commented out too, is one that its program has.
func TestSettingsAreKnown(t *testing.T) {
	bin := build(t)
	for _, c := range []struct{ role, own string }{{"gameserver", "game-1.env"}, {"router", "router-1.env"}} {
		env := append(readEnv(t, c.role+".env", true), readEnv(t, c.own, true)...)
		if len(env) < 12 {
			t.Errorf("%s: only %d settings were found", c.role, len(env))
		}
		accepts(t, filepath.Join(bin, c.role), env)
	}
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Command     []string
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	for name, s := range compose.Services {
		if len(s.Command) == 0 {
			continue
		}
		var env []string
		for k, v := range s.Environment {
			env = append(env, k+"="+v)
		}
		if !slices.Contains(env, "RINGSIDE_NAME="+name) {
			t.Errorf("service %s has another name in the fleet", name)
		}
		accepts(t, filepath.Join(bin, s.Command[0]), env)
	}
}

// systemd and nftables accept the files, where they are installed.
func TestToolsAcceptTheFiles(t *testing.T) {
	if tool, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("NOT CHECKED by systemd-analyze, which is not installed")
	} else {
		dir := t.TempDir()
		for _, role := range []string{"gameserver", "router"} {
			text, err := os.ReadFile("ringside-" + role + "@.service")
			if err != nil {
				t.Fatal(err)
			}
			// A program and a user that this machine has.
			local := bytes.ReplaceAll(text, []byte("/usr/local/bin/"+role), []byte("/bin/true"))
			local = bytes.ReplaceAll(local, []byte("User=ringside"), []byte("User=root"))
			if err := os.WriteFile(filepath.Join(dir, "ringside-"+role+"@x.service"), local, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(tool, "verify", "--recursive-errors=no", filepath.Join(dir, "ringside-"+role+"@x.service")).CombinedOutput()
			if err != nil || bytes.Contains(out, []byte("ringside-")) {
				t.Errorf("%s: %v\n%s", role, err, out)
			}
		}
	}
	if tool, err := exec.LookPath("nft"); err != nil || os.Getuid() != 0 {
		t.Log("NOT CHECKED by nft, which is not installed or needs root")
	} else if out, err := exec.Command(tool, "--check", "-f", "ports.nft").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// machine is one member with the files that README.md has copied to its machine.
type machine struct {
	fleet.Process
	stop time.Duration // what systemd waits for after SIGTERM
}

// machines makes keys and lays out each member's files as README.md says.
func machines(t *testing.T, bin string) (all []machine) {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "keys")
	args := []string{keys}
	var seeds []string
	for _, m := range members {
		args = append(args, m.role+"/"+m.name)
		if m.role == "gameserver" {
			seeds = append(seeds, m.ip+":7946")
		}
	}
	if out, err := exec.Command("./keys.sh", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, m := range members {
		etc := t.TempDir()
		for from, to := range map[string]string{
			"cluster.key": "cluster.key", "admin.token": "admin.token", "ca.crt": "ca.crt",
			m.role + "/" + m.name + ".crt": "fleet.crt", m.role + "/" + m.name + ".key": "fleet.key",
			ticketKeys[m.role]: ticketKeys[m.role],
		} {
			b, err := os.ReadFile(filepath.Join(keys, from))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(etc, to), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		u := readUnit(t, "ringside-"+m.role+"@.service")
		stop, err := time.ParseDuration(u.one(t, "TimeoutStopSec") + "s")
		if err != nil {
			t.Fatal(err)
		}
		env := []string{}
		for _, e := range u["Service"]["Environment"] {
			env = append(env, strings.ReplaceAll(e, "%i", m.name))
		}
		for _, file := range u["Service"]["EnvironmentFile"] {
			name := filepath.Base(strings.ReplaceAll(file, "%i", m.name))
			if _, err := os.Stat(name); err != nil { // the others' own files are like those of the first
				name = map[string]string{"gameserver": "game-1.env", "router": "router-1.env"}[m.role]
			}
			env = append(env, readEnv(t, name, false)...)
		}
		for i, e := range env { // all machines are this one, so each listens at an address of its own
			name, value, _ := strings.Cut(e, "=")
			switch {
			case name == "RINGSIDE_SEEDS":
				value = strings.Join(seeds, ",")
			case name == "RINGSIDE_ADVERTISE":
				value = m.ip
			case name == "RINGSIDE_PUBLIC_URL":
				value = "http://" + m.ip + ":9001"
			case strings.HasPrefix(value, ":"):
				value = m.ip + value
			}
			env[i] = name + "=" + strings.ReplaceAll(value, "/etc/ringside/", etc+"/")
		}
		program := u.one(t, "ExecStart")
		if want := "/usr/local/bin/" + m.role; program != want {
			t.Fatalf("the unit starts %s, want %s", program, want)
		}
		all = append(all, machine{fleet.Process{Name: m.name, Program: filepath.Join(bin, m.role), Env: env}, stop})
	}
	return all
}

// A fleet that is started from the units, the settings and the keys of this folder is whole, and its servers are restarted one after
// another while bots play, as an upgrade does: the bots lose nothing.
func TestFleetFromTheFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs about 20 s")
	}
	if runtime.GOOS != "linux" {
		t.Skip("it needs 127.0.0.0/8")
	}
	runtime.LockOSThread() // see fleet.Process.Start
	defer runtime.UnlockOSThread()
	bin := build(t)
	all := machines(t, bin)
	console := fleet.NewConsole(t.Output(), false)
	ended := make(chan *fleet.Child, 2*len(all))
	running := map[string]*fleet.Child{}
	start := func(m machine) {
		t.Helper()
		c, err := m.Start(console, 0, ended)
		if err != nil {
			t.Fatal(err)
		}
		running[m.Name] = c
	}
	defer func() {
		for _, c := range running {
			c.Kill()
		}
	}()
	for _, m := range all {
		start(m)
	}
	whole := func() {
		t.Helper()
		for _, m := range members[:3] {
			eventually(t, m.name+" is ready", func() bool { return ready("http://" + m.ip + ":9002/readyz") })
		}
		eventually(t, "the router sees three servers", func() bool {
			n, err := reachable("http://127.77.0.10:8081/v1/fleet")
			return err == nil && n == 3
		})
	}
	whole()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var said bytes.Buffer
	bots := exec.CommandContext(ctx, filepath.Join(bin, "bot"), "-router", "http://127.77.0.10:8080", "-rooms", "6", "-players", "4", "-json", "-", "-for", "25s")
	bots.Stdout, bots.Stderr = &said, t.Output()
	if err := bots.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- bots.Wait() }()
	for _, m := range all[:3] {
		c := running[m.Name]
		if err := c.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		select {
		case <-c.Done:
		case <-time.After(m.stop):
			t.Fatalf("%s does not end within %v of SIGTERM: systemd would kill it", m.Name, m.stop)
		}
		if c.Err != nil {
			t.Errorf("%s: %s", m.Name, c.Verdict())
		}
		start(m)
		whole()
	}
	if err := <-over; err != nil {
		t.Errorf("the bots lost something: %v\n%s", err, said.String())
	}
	var report struct {
		Moves struct {
			Handoff struct {
				Count  int
				Missed int `json:"ticks_missed"`
			}
		}
	}
	if err := json.Unmarshal(said.Bytes(), &report); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if h := report.Moves.Handoff; h.Count == 0 || h.Missed != 0 {
		t.Errorf("%d players were handed over, and missed %d ticks", h.Count, h.Missed)
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func get(url string) (*http.Response, error) {
	client := http.Client{Timeout: 2 * time.Second}
	return client.Get(url)
}

func ready(url string) bool {
	resp, err := get(url)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// reachable counts the game servers that a router reaches.
func reachable(url string) (n int, err error) {
	resp, err := get(url)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", url, resp.Status)
	}
	var view struct {
		Members []struct {
			Role      string
			Reachable bool
		}
	}
	err = json.NewDecoder(resp.Body).Decode(&view)
	for _, m := range view.Members {
		if m.Reachable {
			n++
		}
	}
	return n, err
}
