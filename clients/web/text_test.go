package web_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/testfleet"
	"github.com/ringside-go/ringside/router/gateway"
)

// The twelve lines of the README join a room and print its players. RINGSIDE_WEB_FLEET says that there is Node, see TestFleet.
func TestFleetText(t *testing.T) {
	if os.Getenv("RINGSIDE_WEB_FLEET") == "" {
		t.Skip("make web-test runs this")
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "\n```js\n")
	lines, _, _ := strings.Cut(block, "\n```")
	if n := strings.Count(lines, "\n") + 1; n != 12 || !strings.Contains(lines, "ringside.json.v1") {
		t.Fatalf("the README has %d lines:\n%s", n, lines)
	}
	for _, mode := range []gateway.Mode{gateway.Redirect, gateway.Proxy} {
		t.Run(string(mode), func(t *testing.T) {
			f := testfleet.Start(t, testfleet.Options{Mode: mode, Games: []game.Definition{arena.Definition()}})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			first := script(ctx, t, f, lines, `[ 'Jo' ]`)
			script(ctx, t, f, strings.Replace(lines, `"Jo"`, `"Ann"`, 1), `[ 'Jo', 'Ann' ]`)
			first(`[ 'Jo', 'Ann' ]`)
		})
	}
}

// script runs lines in Node until they have printed want, and gives what waits for more.
func script(ctx context.Context, t *testing.T, f *testfleet.Fleet, lines, want string) (await func(want string)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lines.mjs")
	text := strings.Replace(lines, "http://127.0.0.1:8080", f.Routers[0].URL, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// Node before 22 has no WebSocket.
	cmd := exec.CommandContext(ctx, "node", "--import", absolute(t, "test/websocket.mjs"), file)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	printed := bufio.NewScanner(out)
	await = func(want string) {
		t.Helper()
		var all []string
		for printed.Scan() {
			if all = append(all, printed.Text()); printed.Text() == want {
				return
			}
		}
		t.Fatalf("%s was not printed: %q, %v", want, all, printed.Err())
	}
	await(want)
	return await
}
