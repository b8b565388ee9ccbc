// Package declare reads how a game describes its state and inputs, compares two versions of it, and writes declarations of it
// in TypeScript and Go.
package declare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Game is how a server describes a game, with -print-schema or at GET /v1/server/games.
type Game struct {
	Name        proto.GameName `json:"game"`
	TickRate    int            `json:"tick_rate"`
	Seats       int            `json:"seats"`
	Fingerprint string         `json:"fingerprint"` // of what clients see
	Version     string         `json:"version"`     // of the whole schema
	Migrates    []string       `json:"migrates"`    // versions whose rooms it takes over
	Schema      state.Schema   `json:"schema"`
}

// FromProgram asks a game server's program, which prints and ends.
func FromProgram(ctx context.Context, program string) ([]Game, error) {
	cmd := exec.CommandContext(ctx, program, "-print-schema")
	cmd.Env = flags.Without(os.Environ())
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("%s -print-schema: %w: %s", program, err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return nil, err
	}
	return read(out)
}

// FromServer asks a running game server at the base URL of its listener for routers.
func FromServer(ctx context.Context, url string) ([]Game, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/v1/server/games", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no game server answers: %w; start one, or give the URL of one that runs", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s; give the URL of a game server, at its internal listener if it has one", req.URL, resp.Status)
	}
	return read(body)
}

func read(b []byte) (games []Game, err error) {
	if err := json.Unmarshal(b, &games); err != nil {
		return nil, fmt.Errorf("the games' description cannot be read: %w", err)
	}
	for _, g := range games {
		if _, err := strconv.ParseUint(g.Fingerprint, 16, 64); err != nil || len(g.Fingerprint) != 16 {
			return nil, fmt.Errorf("game %s has the fingerprint %q; 16 hexadecimal digits are expected", g.Name, g.Fingerprint)
		}
	}
	return games, nil
}

// Choose gives the game of that name, or the only one if name is empty.
func Choose(games []Game, name string) (Game, error) {
	var known []string
	for _, g := range games {
		if string(g.Name) == name || name == "" && len(games) == 1 {
			return g, nil
		}
		known = append(known, string(g.Name))
	}
	return Game{}, fmt.Errorf("game %q is not there; name one of %s with -game", name, strings.Join(known, ", "))
}
