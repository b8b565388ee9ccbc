package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// asGame set in the environment makes this test binary a game's program: Main and nothing else.
const asGame = "SERVER_TEST_IS_A_GAME"

func TestMain(m *testing.M) {
	limitDescriptors()
	switch os.Getenv(asGame) {
	case "":
	case asPoison:
		Main(poisons())
	case asSlow:
		Main(slow())
	case asStuck:
		Main(stucks())
	default:
		Main(idles(nil))
	}
	goleak.VerifyTestMain(m)
}

// toEnd runs the program to its end.
func toEnd(t *testing.T, env []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := command(ctx, env, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	own := flags.Without(os.Environ()) // what is there speaks to tests
	cmd.Env = append(append(own, asGame+"=1"), env...)
	return cmd
}

// What is wrong with the settings ends the program with status 2 and says what to do; help and the version are no errors.
func TestMainSettings(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	bad, missing := write("bad.pem", "x"), filepath.Join(dir, "missing")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() }) // after the parallel subtests
	addr := taken.Addr().String()
	for name, c := range map[string]struct {
		env    string
		args   []string
		status int
		want   string // in stderr
	}{
		"help":                 {"", []string{"-help"}, 0, "-ticket-keys"},
		"unknown flag":         {"", []string{"-nmae", "x"}, 2, "flag provided but not defined: -nmae"},
		"argument":             {"", []string{"start"}, 2, "flags begin with -"},
		"bad variable":         {"RINGSIDE_STANDBYS=many", nil, 2, `environment variable RINGSIDE_STANDBYS: invalid value "many" for flag -standbys`},
		"bad name":             {"", []string{"-name", "a b"}, 2, "use letters, digits"},
		"bad log format":       {"", []string{"-log-format", "xml"}, 2, "-log-format: log format \"xml\" is unknown; it is text or json"},
		"open without keys":    {"", []string{"-listen", "0.0.0.0:0"}, 2, "give the routers' public keys (-ticket-keys)"},
		"bad ticket keys":      {"", []string{"-ticket-keys", bad}, 2, "-ticket-keys: load public keys: " + bad},
		"no ticket keys":       {"RINGSIDE_TICKET_KEYS=" + missing, nil, 2, "no such file"},
		"two cluster keys":     {"RINGSIDE_CLUSTER_KEY=x", []string{"-cluster-key-file", bad}, 2, "give one"},
		"bad cluster key":      {"", []string{"-cluster-key-file", bad}, 2, "openssl rand -base64 32"},
		"short admin token":    {"", []string{"-admin-token", "x"}, 2, "openssl rand -base64 24"},
		"certificate, no key":  {"", []string{"-tls-cert", bad}, 2, "give both or neither"},
		"bad version":          {"", []string{"-migrates", "12"}, 2, "is no version; write the 16 hexadecimal digits"},
		"too many standbys":    {"", []string{"-standbys", "3"}, 2, "a room can have 0 to 2"},
		"taken port":           {"", []string{"-listen", addr}, 1, "stop the process that uses it, or choose another -listen"},
		"taken internal port":  {"", []string{"-listen", "127.0.0.1:0", "-inside", addr}, 1, "choose another -inside"},
		"taken gossip port":    {"", []string{"-listen", "127.0.0.1:0", "-gossip", addr}, 1, "choose another -gossip"},
		"taken peer port":      {"", []string{"-listen", "127.0.0.1:0", "-peer", addr}, 1, "choose another -peer"},
		"peers on all, no key": {"", []string{"-listen", "127.0.0.1:0", "-peer", "0.0.0.0:0"}, 2, "-fleet-cert"},
		"bad certificate":      {"", []string{"-listen", "127.0.0.1:0", "-inside", "127.0.0.1:0", "-fleet-cert", bad, "-fleet-key", bad}, 2, "-fleet-cert " + bad},
		"data, no store":       {"", []string{"-data", dir}, 2, "give -results too"},
		"no handshakes":        {"", []string{"-max-handshakes", "0"}, 2, "at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var env []string
			if c.env != "" {
				env = []string{c.env}
			}
			status, stdout, stderr := toEnd(t, env, append([]string{"-name=gs-1"}, c.args...)...)
			if status != c.status || !strings.Contains(stderr, c.want) {
				t.Errorf("exit status %d, want %d; stderr, want %q:\n%s", status, c.status, c.want, stderr)
			}
			if stdout != "" {
				t.Errorf("stdout: %q", stdout)
			}
		})
	}
	if status, stdout, stderr := toEnd(t, nil, "-version"); status != 0 || strings.TrimSpace(stdout) == "" || stderr != "" {
		t.Errorf("-version: status %d, %q, %q", status, stdout, stderr)
	}
	status, stdout, stderr := toEnd(t, nil, "-print-schema")
	var games []gameReport
	err = json.Unmarshal([]byte(stdout), &games)
	if err != nil || status != 0 || stderr != "" || len(games) != 1 || games[0].Game != "idle" || games[0].TickRate == 0 || games[0].Seats == 0 {
		t.Fatalf("-print-schema: status %d, %v, %q, %q", status, err, stdout, stderr)
	}
	if want := fmt.Sprintf("%016x", games[0].Schema.PeerFingerprint()); games[0].Version != want || len(games[0].Schema.Tables) == 0 {
		t.Errorf("-print-schema: version %s of a schema with version %s", games[0].Version, want)
	}
}

// program is a running one, whose log is read line by line.
type program struct {
	*exec.Cmd
	t     *testing.T
	lines *bufio.Scanner
	log   strings.Builder
}

// lifetime bounds a program whose test hangs.
const lifetime = 15 * time.Minute

func runProgram(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), lifetime)
	t.Cleanup(cancel)
	p := &program{Cmd: command(ctx, env, args...), t: t}
	log, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(log)
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_, _ = io.Copy(io.Discard, log)
		_ = p.Wait()
	})
	return p
}

// logged waits for a line of the log.
func (p *program) logged(what string) string {
	p.t.Helper()
	for p.lines.Scan() {
		line := p.lines.Text()
		p.log.WriteString(line + "\n")
		if strings.Contains(line, what) {
			return line
		}
	}
	p.t.Fatalf("the log has no %q:\n%s", what, p.log.String())
	return ""
}

// ends waits for the end and gives the exit status.
func (p *program) ends() int {
	p.t.Helper()
	for p.lines.Scan() {
		p.log.WriteString(p.lines.Text() + "\n")
	}
	var failed *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &failed) {
		p.t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

func (p *program) signal(s os.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// attr gives the value of an attribute of a JSON log line, which holds no quotes.
func attr(line, key string) string {
	_, rest, _ := strings.Cut(line, `"`+key+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// The environment configures a program, it serves, and SIGTERM ends it with status 0.
func TestMainServesUntilSIGTERM(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		p := runProgram(t, []string{"RINGSIDE_NAME=gs-7", "RINGSIDE_LOG_FORMAT=json", "RINGSIDE_LISTEN=127.0.0.1:0"})
		line := p.logged("server starts")
		if attr(line, "server") != "gs-7" {
			t.Errorf("the log does not name the server: %s", line)
		}
		url := attr(line, "url")
		await(t, "it is ready", func() bool {
			_, status := fetch(t, url+"/readyz")
			return status == http.StatusOK
		})
		p.signal(sig)
		if status := p.ends(); status != 0 {
			t.Errorf("exit status %d after %v:\n%s", status, sig, p.log.String())
		}
	}
}

// A room that nobody takes holds a drain up. The second SIGTERM does not wait for it.
func TestMainEndsAtOnceAtTheSecondSIGTERM(t *testing.T) {
	p := runProgram(t, nil, "-name=gs-1", "-listen=127.0.0.1:0", "-log-format=json", "-drain=1h")
	line := p.logged("server starts")
	client := enter(t, attr(line, "url"), "r")
	defer client.Close()
	other, err := membership.NewGossip(membership.Config{ // it serves no links, so no room can go there
		Self: membership.Member{Name: "gs-2", Role: membership.GameServer, State: membership.Serving, URL: "http://127.0.0.1:1",
			Peer: "127.0.0.1:1", Links: replication.Spoken()},
		Bind: "127.0.0.1:0", Cluster: "ringside", Seeds: []string{attr(line, "gossip")},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gossiped := make(chan error, 1)
	go func() { gossiped <- other.Run(ctx) }()
	await(t, "the server sees the other one", func() bool {
		body, _ := fetch(t, attr(line, "url")+"/v1/server/details")
		return strings.Contains(body, `"gs-2"`)
	})
	p.signal(syscall.SIGTERM)
	p.logged("server changes its state")
	p.signal(syscall.SIGTERM)
	p.logged("second stop request")
	if status := p.ends(); status != 0 {
		t.Errorf("exit status %d:\n%s", status, p.log.String())
	}
	cancel()
	if err := <-gossiped; err != nil {
		t.Error(err)
	}
}

// fetch gets url, without keeping a connection.
func fetch(t *testing.T, url string) (body string, status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp.StatusCode
}

// enter lets a player into a room of a server by its URL.
func enter(t *testing.T, url, room string) *goclient.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var client *goclient.Client
	await(t, "a client is let in", func() (ok bool) {
		var err error
		client, err = goclient.Dial(ctx, goclient.Config{
			URL:    "ws" + strings.TrimPrefix(url, "http") + "/v1/rooms/" + room + "/connect",
			Ticket: sign(t, ticket.Claims{Room: proto.RoomID(room)}),
		})
		return err == nil
	})
	return client
}
