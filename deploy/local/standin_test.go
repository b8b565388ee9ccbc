package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ringside-go/ringside/internal/placement"
)

// standIn does what can be seen of a program by those who start and break fleets: it answers the requests that show a fleet,
// says how it ends, and ends on SIGTERM. The members of a fleet know of each other by files beside their programs. Bots
// report what the file bots.json there says.
func standIn(program string, args []string) {
	fs := flag.NewFlagSet(program, flag.ExitOnError)
	values := map[string]*string{}
	for _, name := range []string{"name", "listen", "gossip", "seeds", "log-level", "mode", "drain", "tickets-per-address", "peer", "router", "rooms", "players", "for",
		"options", "json", "seed", "inside", "public-url"} {
		values[name] = fs.String(name, "", "")
	}
	fs.Bool("checks", false, "")
	_ = fs.Parse(args)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("up", strings.Join(args, " "))
	dir, name := filepath.Dir(os.Args[0]), *values["name"]
	if *values["log-level"] == "fail" && program == "gameserver" {
		fmt.Println("no luck")
		os.Exit(3)
	}
	if program == "bot" {
		playing := filepath.Join(dir, "bots.playing")
		_ = os.WriteFile(playing, nil, 0o600)
		defer os.Remove(playing)
	} else {
		member := filepath.Join(dir, name+".member")
		_ = os.WriteFile(member, []byte(program), 0o600)
		defer os.Remove(member)
		http.HandleFunc("GET /v1/fleet", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(standInFleet(dir)) })
		http.HandleFunc("GET /v1/server", func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(serverView{Name: name, State: "serving", Rooms: len(standInRooms(dir, name))})
		})
		http.HandleFunc("GET /v1/server/rooms", func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"rooms": standInRooms(dir, name)})
		})
		http.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
		go func() { _ = http.ListenAndServe(cmp.Or(*values["inside"], *values["listen"]), nil) }()
	}
	if *values["log-level"] == "stubborn" && program == "gameserver" {
		select {}
	}
	<-ctx.Done()
	if file := *values["json"]; file != "" {
		report, _ := os.ReadFile(filepath.Join(dir, "bots.json"))
		_ = os.WriteFile(file, report, 0o600)
	}
	fmt.Println("ends softly")
}

// standInRooms is one room with one player as long as there are bots; it belongs to game-1.
func standInRooms(dir, name string) []roomView {
	if _, err := os.Stat(filepath.Join(dir, "bots.playing")); err != nil || name != "game-1" {
		return nil
	}
	set := placement.New([]placement.Server{{Name: "game-1"}, {Name: "game-2"}, {Name: "game-3"}})
	for i := 0; ; i++ {
		room := fmt.Sprint("room-", i)
		if order := set.Order(nil, room, 2); order[0] == name && order[1] == "game-2" {
			return []roomView{{Room: room, Role: "leading", Standbys: order[1:], Connected: 1}}
		}
	}
}

// standInFleet is the answer to GET /v1/fleet.
func standInFleet(dir string) any {
	members := []map[string]any{}
	files, _ := filepath.Glob(filepath.Join(dir, "*.member"))
	for _, file := range files {
		m := map[string]any{"name": strings.TrimSuffix(filepath.Base(file), ".member"), "state": "serving"}
		if program, _ := os.ReadFile(file); string(program) == "gameserver" {
			m["reachable"] = true
		}
		members = append(members, m)
	}
	return map[string]any{"members": members}
}
