package operate_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/operate"
	"github.com/ringside-go/ringside/router/internal/routertest"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// newBanningServer is a game server that has bans, with the same operator token.
func newBanningServer(t *testing.T, set *bans.Set) membership.Member {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/server", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(report.Summary{Bans: set.Hash()})
	})
	mux.HandleFunc("POST /v1/server/bans", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+routertest.OperatorToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var theirs report.Bans
		if err := json.NewDecoder(r.Body).Decode(&theirs); err != nil {
			t.Error(err)
		}
		set.Merge(theirs.Bans)
		_ = json.NewEncoder(w).Encode(report.Bans{Bans: set.All()})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return membership.Member{Name: "game-1", Role: membership.GameServer, State: membership.Serving, URL: s.URL, Weight: 1}
}

// A router learns what its servers know, and brings them what they do not know.
func TestBansAreExchanged(t *testing.T) {
	const old, fresh = "the-secret-of-an-old-guest", "the-secret-of-a-new-guest"
	guest := func(secret string) proto.PlayerID {
		id, err := ticket.Guest(secret)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	set := bans.New(nil)
	if _, err := set.Add(guest(old), time.Hour, "before the router came"); err != nil {
		t.Fatal(err)
	}
	server := newBanningServer(t, set)
	gone := membership.Member{Name: "game-2", Role: membership.GameServer, State: membership.Serving, URL: "http://127.0.0.1:1", Weight: 1}
	f := routertest.Start(t, routertest.Operated(t, routertest.OperatorToken, false), server, gone)
	auth := []string{"Authorization", "Bearer " + routertest.OperatorToken}
	fake.Until(t, "the router has the server's bans", func() bool {
		return len(fake.Into[report.Bans](t, f.Call(t, "GET", "/v1/bans", "", auth...), http.StatusOK).Bans) == 1
	})
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", `{"game":"arena","player":{"guest":"`+old+`"}}`), http.StatusForbidden, "before the router came")

	made := fake.Into[operate.BanReport](t, f.Call(t, "POST", "/v1/bans", `{"player":"`+string(guest(fresh))+`","seconds":60,"reason":"spam"}`, auth...), http.StatusCreated)
	if _, banned := set.Of(guest(fresh)); !banned || made.Servers != 1 || fmt.Sprint(made.Unreached) != "[game-2]" {
		t.Errorf("banned %v, answer %+v; want one server reached and one not", banned, made)
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena","player":{"guest":"`+fresh+`"}}`), http.StatusForbidden, ": spam")
	if doc := fake.Into[report.Bans](t, f.Call(t, "GET", "/v1/bans", "", auth...), http.StatusOK); len(doc.Bans) != 2 {
		t.Errorf("the bans are %+v", doc)
	}
	fake.Into[operate.BanReport](t, f.Call(t, "DELETE", "/v1/bans/"+url.PathEscape(string(guest(fresh))), "", auth...), http.StatusOK)
	if _, banned := set.Of(guest(fresh)); banned {
		t.Error("the ban was lifted, and the server has it still")
	}
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"DELETE", "/v1/bans/new%2Fone", "", http.StatusNotFound, "new/one"},
		{"POST", "/v1/bans", `{"player":"eve"}`, http.StatusBadRequest, "seconds"},
		{"POST", "/v1/bans", `{"player":"a b","seconds":60}`, http.StatusBadRequest, "a b"},
		{"POST", "/v1/bans", `{"player":"eve","seconds":60,"reason":"` + strings.Repeat("x", 200) + `"}`, http.StatusBadRequest, "200 bytes"},
		{"PUT", "/v1/bans", "", http.StatusMethodNotAllowed, "GET, POST, not PUT"},
	} {
		fake.CheckProblem(t, f.Call(t, tt.method, tt.path, tt.body, auth...), tt.status, tt.want)
	}
	for _, path := range []string{"POST /v1/bans", "GET /v1/bans", "DELETE /v1/bans/old", "POST /v1/rooms/r/kick", "GET /v1/rooms/r/players"} {
		method, path, _ := strings.Cut(path, " ")
		fake.CheckProblem(t, f.Call(t, method, path, ""), http.StatusUnauthorized, "operator token")
	}
}

// A router takes nothing over from a server that refuses its token.
func TestServerThatTakesNoBans(t *testing.T) {
	set := bans.New(nil)
	if _, err := set.Add("old", time.Hour, ""); err != nil {
		t.Fatal(err)
	}
	server := newBanningServer(t, set)
	table := lookup.NewTable(membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router}, server))
	operator, err := ticket.NewOperator("another token of 16", false)
	if err != nil {
		t.Fatal(err)
	}
	b := &operate.Bans{Set: bans.New(nil), Table: table, Servers: servers.NewClient(servers.Dialer{}, table), Guard: &access.Guard{Operator: operator}, Logger: slog.New(slog.DiscardHandler)}
	defer b.Servers.Close()
	if !b.Poll(t.Context(), server, set.Hash(), false) {
		t.Error("the exchange does not fail")
	}
	if b.Set.Hash() != "" {
		t.Error("the router has bans of a server that refused it")
	}
}
