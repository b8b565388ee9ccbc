// Package imports holds the table of who may import whom. It has no code: the table is the test.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ringside-go/ringside/"

// allowed maps each package to the packages of this module that it may import, tests excepted. A new package must be
// added here, which is the moment to think about where it belongs. "x/..." stands for x and all below it.
var allowed = map[string][]string{
	"proto":       {},
	"proto/state": {"proto"},

	"gameserver/game":                 {"proto", "proto/state"},
	"gameserver/game/gametest":        {"gameserver/game", "proto", "proto/state"},
	"gameserver/arena":                {"gameserver/game"},
	"gameserver/internal/room":        {"gameserver/game", "gameserver/internal/replication", "proto", "proto/state", "internal/network", "internal/obs", "internal/outcome"},
	"gameserver/internal/session":     {"proto", "internal/multiplex", "internal/network", "internal/obs", "internal/edge"},
	"gameserver/internal/ownership":   {"proto", "internal/placement"},
	"gameserver/internal/replication": {"gameserver/internal/ownership", "proto", "internal/certs", "internal/network"},
	"gameserver/internal/spool":       {"internal/outcome", "proto"},
	"gameserver/internal/delivery":    {"gameserver/internal/spool", "internal/outcome", "internal/roomstats", "proto"},
	"gameserver/internal/registry":    {"gameserver/game", "gameserver/internal/ownership", "gameserver/internal/replication", "gameserver/internal/room", "proto", "proto/state", "internal/..."},
	"gameserver/server":               {"gameserver/...", "proto", "proto/state", "internal/..."},
	"gameserver":                      {"gameserver/server", "gameserver/arena"},

	"router/internal/api":                   {"internal/obs", "internal/openapi"},
	"router/internal/access":                {"router/internal/api", "internal/certs", "internal/limit", "internal/membership", "internal/ticket", "proto"},
	"router/internal/lookup":                {"internal/membership", "proto"},
	"router/internal/servers":               {"router/internal/api", "router/internal/lookup", "internal/certs", "internal/membership", "internal/network", "internal/report", "proto"},
	"router/internal/match":                 {"router/internal/api", "router/internal/lookup", "router/internal/servers", "internal/membership", "internal/report", "internal/ticket", "internal/where", "proto"},
	"router/internal/admission":             {"router/internal/access", "router/internal/api", "router/internal/lookup", "router/internal/match", "router/internal/servers", "internal/bans", "internal/membership", "internal/report", "internal/ticket", "proto"},
	"router/internal/listing":               {"router/internal/access", "router/internal/api", "router/internal/lookup", "router/internal/servers", "internal/edge", "internal/where", "proto"},
	"router/internal/operate":               {"router/internal/access", "router/internal/api", "router/internal/lookup", "router/internal/servers", "internal/bans", "internal/membership", "internal/report", "proto"},
	"router/internal/console":               {"router/internal/access", "router/internal/api", "router/internal/lookup", "router/internal/servers", "internal/edge", "internal/membership", "internal/report", "proto"},
	"router/internal/pages":                 {"router/internal/api"},
	"router/internal/relay":                 {"internal/multiplex", "internal/network"},
	"router/internal/tunnel":                {"router/internal/api", "router/internal/lookup", "router/internal/relay", "router/internal/servers", "internal/certs", "internal/edge", "internal/membership", "internal/multiplex", "internal/network", "internal/textframes", "proto"},
	"router/internal/results":               {"internal/outcome", "internal/roomstats", "proto"},
	"router/internal/resultsapi":            {"router/internal/results", "internal/outcome", "internal/roomstats", "internal/obs", "proto"},
	"router/internal/resultsapi/testserver": {"router/internal/results", "router/internal/resultsapi"}, // a program for tests
	"router/internal/webhook":               {"router/internal/results"},
	"router/internal/store":                 {"router/internal/results", "router/internal/resultsapi", "router/internal/webhook", "internal/obs", "internal/outcome"},
	"router/internal/fake":                  {"internal/edge", "internal/membership", "internal/multiplex", "internal/network", "internal/report", "proto"},          // for tests
	"router/internal/routertest":            {"router/gateway", "router/internal/fake", "router/internal/lookup", "internal/membership", "internal/ticket", "proto"}, // for tests
	"router/gateway":                        {"router/internal/...", "proto", "internal/..."},
	"router":                                {"router/gateway", "clients/web"},

	"clients/goclient":      {"proto", "proto/state"},
	"clients/goclient/bots": {"clients/goclient", "proto", "proto/state"},
	"clients/bot":           {"clients/goclient", "clients/goclient/bots", "proto", "proto/state"},
	"clients/web":           {}, // files for the router to serve

	"internal/resources":      {},
	"internal/edge":           {"internal/obs", "internal/network", "internal/resources"},
	"internal/textframes":     {"internal/edge", "proto", "proto/state"},
	"internal/placement":      {},
	"internal/multiplex":      {"internal/edge", "internal/network", "internal/obs"},
	"internal/network":        {},
	"internal/network/simnet": {"internal/network"},
	"internal/membership":     {"internal/network", "internal/placement", "proto"},
	"internal/outcome":        {"proto"},
	"internal/roomstats":      {"proto"},
	"internal/ticket":         {"proto"},
	"internal/obs":            {},
	"internal/report":         {"internal/bans", "internal/membership", "proto"},
	"internal/openapi":        {},
	"internal/limit":          {},
	"internal/bans":           {"proto"},
	"internal/where":          {},
	"internal/flags":          {},
	"internal/certs":          {"internal/network"},
	"internal/imports":        {},
	"internal/mutate":         {}, // a program for tests
	// testfleet assembles whole fleets for tests, so it reaches across; nothing but tests imports it.
	"internal/testfleet":        {"gameserver/...", "router/...", "internal/...", "clients/...", "proto", "proto/state"},
	"internal/testfleet/sim":    {"gameserver/...", "router/...", "internal/...", "clients/...", "proto", "proto/state"},
	"internal/testfleet/outage": {}, // tests only

	"deploy/internal/fleet":           {"internal/flags"},
	"deploy/internal/fleet/fleettest": {}, // for tests
	"docs":                            {}, // tests of the guide
	"deploy/linux":                    {}, // tests of its files
	"deploy/release":                  {}, // tests of its script
	"deploy/internal/scaffold":        {"proto"},
	"deploy/internal/declare":         {"proto", "proto/state", "internal/flags"},
	"deploy/internal/dev":             {"deploy/internal/declare", "deploy/internal/fleet", "internal/ticket"},
	"deploy/internal/inspect":         {"clients/goclient", "proto", "proto/state"},
	"deploy/ringside":                 {"deploy/internal/...", "internal/flags", "proto"},

	"deploy/local":                    {"deploy/internal/fleet", "deploy/local/hostile", "clients/goclient", "proto", "proto/state", "internal/certs", "internal/flags", "internal/membership", "internal/placement", "internal/ticket"},
	"deploy/local/rawgws":             {"internal/network"}, // the references of make bench
	"deploy/local/hostile":            {"gameserver/game"},
	"deploy/local/hostile/gameserver": {"deploy/local/hostile", "gameserver/arena", "gameserver/server"}, // a program for attacks
	"deploy/k8s/image":                {},
	"deploy/k8s/test":                 {"internal/placement"},
}

// forTests are packages that only tests import, and each other.
var forTests = []string{"internal/testfleet/...", "router/internal/fake", "router/internal/routertest"}

// noDatabase are the programs that must not link a database driver, and what drivers are called.
var (
	noDatabase = []string{"gameserver", "gameserver/server", "clients/bot", "deploy/local"}
	drivers    = []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5"}
)

// A game server sends outcomes to the routers; a driver would cost each of them megabytes and a way to the database.
func TestGameServersLinkNoDatabase(t *testing.T) {
	for _, name := range noDatabase {
		out, err := exec.Command("go", "list", "-deps", module+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, dep := range strings.Fields(string(out)) {
			if slices.Contains(drivers, dep) {
				t.Errorf("%s links %s", name, dep)
			}
		}
	}
}

// bare packages import nothing but the standard library and this module.
var bare = []string{"proto", "proto/state", "gameserver/game", "gameserver/arena"}

func TestImports(t *testing.T) {
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		may, known := allowed[name]
		if !known {
			t.Errorf("package %s is not in the table of this test: add it with what it may import", name)
			continue
		}
		for _, imp := range p.Imports {
			own, ours := strings.CutPrefix(imp, module)
			switch {
			case ours && !slices.ContainsFunc(may, func(m string) bool { return covers(m, own) }):
				t.Errorf("%s imports %s; the table allows it %v", name, own, may)
			case ours && slices.ContainsFunc(forTests, func(p string) bool {
				return covers(p, own) && !slices.ContainsFunc(forTests, func(p string) bool { return covers(p, name) })
			}):
				t.Errorf("%s imports %s, which is for tests only", name, own)
			case !ours && strings.Contains(imp, ".") && slices.Contains(bare, name):
				t.Errorf("%s imports %s; it may use the standard library only", name, imp)
			}
		}
	}
}

func covers(pattern, pkg string) bool {
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == tree || strings.HasPrefix(pkg, tree+"/")
	}
	return pattern == pkg
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T) (pkgs []pkg) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(pkgs) == 0 {
		t.Fatal("go list found no packages")
	}
	return pkgs
}
