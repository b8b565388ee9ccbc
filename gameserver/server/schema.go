package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// gameReport describes a game to programs: the answer to GET /v1/server/games and what -print-schema prints is an array of it.
// TickRate and Seats are those of a room without options.
type gameReport struct {
	Game        proto.GameName `json:"game"`
	TickRate    int            `json:"tick_rate"`
	Seats       int            `json:"seats"`
	Fingerprint string         `json:"fingerprint"`        // of what clients see, 16 hexadecimal digits; see JoinOptions.fingerprint
	Version     string         `json:"version"`            // of the whole schema, likewise; see game.Definition.Migrates
	Migrates    []string       `json:"migrates,omitempty"` // versions whose rooms it takes over
	Schema      *state.Schema  `json:"schema"`
	most        int            // bytes of the keyframe when all tables are full
}

// describe makes a room of each game, so that one that cannot start is found at once.
func describe(games []game.Definition) ([]gameReport, error) {
	reports := make([]gameReport, 0, len(games))
	for _, g := range games {
		sim, err := game.New(&g, nil, game.Origin{Seed: 1, Instance: 1})
		if err != nil {
			return nil, fmt.Errorf("server: game %s does not start without options: %w", g.Name, err)
		}
		s, schema := sim.Settings(), sim.Store().Schema()
		var migrates []string
		for _, v := range g.Migrates {
			migrates = append(migrates, fmt.Sprintf("%016x", v))
		}
		reports = append(reports, gameReport{
			Game: g.Name, Migrates: migrates, TickRate: s.TickRate, Seats: s.Seats, Schema: schema, most: sim.Store().MaxSize(),
			Fingerprint: fmt.Sprintf("%016x", schema.Fingerprint()), Version: fmt.Sprintf("%016x", schema.PeerFingerprint()),
		})
	}
	return reports, nil
}

// fingerprints are those of what clients see, by game.
func fingerprints(games []gameReport) map[proto.GameName]uint64 {
	public := make(map[proto.GameName]uint64, len(games))
	for _, g := range games {
		public[g.Game] = g.Schema.Fingerprint()
	}
	return public
}

// printSchemas writes the reports of games to w.
func printSchemas(w io.Writer, games []game.Definition) error {
	reports, err := describe(games)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(reports)
}

// getGames describes the games that this server runs.
func (n *Server) getGames(w http.ResponseWriter, _ *http.Request) { writeJSON(w, n.games) }

// taking gives games that also take over rooms of the versions in migrates.
func taking(games []game.Definition, migrates []uint64) []game.Definition {
	games = slices.Clone(games)
	for i := range games {
		games[i].Migrates = append(slices.Clone(games[i].Migrates), migrates...)
	}
	return games
}

// versionList is a flag's list of versions.
type versionList []uint64

func (l *versionList) String() string {
	var text string
	for i, v := range *l {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf("%016x", v)
	}
	return text
}

// Set adds the versions of a list as servers log and print them: 16 hexadecimal digits each.
func (l *versionList) Set(value string) error {
	for word := range strings.SplitSeq(value, ",") {
		v, err := strconv.ParseUint(strings.TrimSpace(word), 16, 64)
		if err != nil || len(strings.TrimSpace(word)) != 16 {
			return fmt.Errorf("%q is no version; write the 16 hexadecimal digits that -print-schema shows as version", word)
		}
		*l = append(*l, v)
	}
	return nil
}
