package inspect

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto/state"
)

type world struct {
	Dots  state.Table[dot] `state:"max=4"`
	Deep  state.Value[dot] `state:"hidden"`
	Clock state.Value[struct {
		Left uint8 `state:""`
	}]
}

type dot struct {
	X    float32 `state:"range=0..1,step=1/16"`
	Name string  `state:"max=8"`
	Ammo uint8   `state:"owner"`
}

// A snapshot has the tables that everybody sees, what has changed since the one before, and the bytes of its ticks.
func TestDraw(t *testing.T) {
	w := &world{}
	leader, err := state.Open(nil, w)
	if err != nil {
		t.Fatal(err)
	}
	replica := state.NewReplica(leader.Schema())
	p := &snapshot{Config: Config{Rows: 1}, bytes: map[string]int{}}
	leader.Begin()
	*w.Dots.Put(2) = dot{X: 0.5, Name: "ann"}
	*w.Dots.Put(3) = dot{X: 0.25}
	w.Clock.Get().Left = 9
	leader.Commit(1)
	if err := replica.ApplyKeyframe(1, leader.AppendKeyframe(nil)); err != nil {
		t.Fatal(err)
	}
	p.ticks = 1
	want(t, p.draw(replica, "title"), "title\n", "table dots · 2 of 4 rows · 0.0 bytes a tick\n  id  x    name   ammo\n  2   0.5  \"ann\"  -\n  … 1 more\n",
		"value clock · 1 of 1 rows · 0.0 bytes a tick\n  id  left\n  0   9\n")

	leader.Begin()
	w.Dots.Get(2).Name = "bob"
	leader.Commit(2)
	if err := replica.ApplyDelta(2, leader.AppendDelta(nil)); err != nil {
		t.Fatal(err)
	}
	for table, n := range replica.DeltaBytes() {
		p.bytes[table] += n
	}
	p.ticks = 2
	text := p.draw(replica, "")
	want(t, text, "  2   0.5  \"bob\"*  -\n")
	if strings.Contains(text, "dots · 2 of 4 rows · 0.0 bytes") || !strings.Contains(text, "clock · 1 of 1 rows · 0.0 bytes") || strings.Contains(text, "deep") {
		t.Errorf("the snapshot is\n%s", text)
	}
}

func want(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("there is no\n%s\nin\n%s", part, text)
		}
	}
}

func TestRunNeedsTheGameOfARoomThatIsNotListed(t *testing.T) {
	router := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/fleet" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"rooms": []Room{{Room: "a", Game: "arena"}}})
	}))
	defer router.Close()
	if err := Run(t.Context(), Config{Router: router.URL, Room: "b"}); err == nil || !strings.Contains(err.Error(), "-game") {
		t.Error(err)
	}
	if _, err := List(t.Context(), router.URL+"/x"); err == nil || !strings.Contains(err.Error(), "-router") {
		t.Error(err)
	}
}
