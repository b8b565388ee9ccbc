package registry

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// counter2 is the next version of counter.
type counter2 struct {
	counter
	Twice game.Value[struct {
		N uint32 `state:""`
	}] `state:"hidden"`
}

func counters2(migrates ...uint64) game.Definition {
	return game.Definition{Name: "count", Migrates: migrates, New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &counter2{}, game.Settings{TickRate: 30, Seats: 2}, nil
	}}
}

// Which leaders a server stands by for, by the schema that they name.
func TestWhichVersionsAreFollowed(t *testing.T) {
	old := counters("count")
	one, err := host(&old)
	if err != nil {
		t.Fatal(err)
	}
	next := counters2(one.fingerprint)
	two, err := host(&next)
	if err != nil {
		t.Fatal(err)
	}
	strict := counters2()
	alone, err := host(&strict)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		here   *hosted
		game   proto.GameName
		schema []byte
		want   string // of the refusal
	}{
		"the same":                     {one, "count", one.schema, ""},
		"an older one":                 {two, "count", one.schema, ""},
		"an older one that is unknown": {alone, "count", one.schema, "it takes over no rooms of version"},
		"a newer one":                  {one, "count", two.schema, "it takes over no rooms of version"},
		"no schema":                    {one, "count", nil, "cannot be read"},
		"another game":                 {one, "chess", one.schema, "it does not run game chess"},
	} {
		s := newServer(t, "s", nobody, "l")
		s.games["count"] = c.here
		f, err := s.Follow("l", replication.Open{Room: "r", Game: c.game, Schema: c.schema, Epoch: proto.Epoch{Counter: 1, Server: "l"}, Boot: 1}, &hearing{})
		var r *replication.Refusal
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want == "":
			if err := f.Keyframe(frames(t, 100)); err != nil {
				t.Errorf("%s: keyframe: %v", name, err)
			}
		case !errors.As(err, &r) || r.Code != replication.RefuseVersion || !strings.Contains(r.Text, c.want):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// A copy that was of use ends when its leader comes back with a version that cannot be followed.
func TestCopyOfAForeignVersionIsDropped(t *testing.T) {
	s := newServer(t, "s", nobody, "l")
	s.copyOf(t, &hearing{})
	next := counters2()
	two, err := host(&next)
	if err != nil {
		t.Fatal(err)
	}
	o := replication.Open{Room: "r", Game: "count", Schema: two.schema, Epoch: proto.Epoch{Counter: 2, Server: "l"}, Boot: 1}
	if _, err := s.Follow("l", o, &hearing{}); err == nil {
		t.Fatal("a foreign version is followed")
	}
	if got := s.Holding("x", "r"); got.Holding == replication.Following {
		t.Errorf("the copy is still there: %+v", got)
	}
}

// A server that takes no rooms of a version is asked once for all of them, is passed over however far down the others are, and is
// asked again when another process has taken its place.
func TestMisfitsArePassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := []string{"l", "a", "b", "c", "d", "e"}
		s := newServer(t, "l", nobody, names[1:]...)
		links := &feeds{claims: nobody, events: map[string]replication.FeedEvents{}}
		s.links = links
		s.serve(func() {
			id := homed(t, names, "l", "a", "b", "c", "d", "e")
			if err := s.enter(t.Context(), spec(id)); err != nil {
				t.Fatal(err)
			}
			for _, misfit := range []string{"a", "b", "c", "d"} {
				if links.of(misfit) == nil {
					t.Fatalf("%s was not asked", misfit)
				}
				links.of(misfit).Refused(replication.Refusal{Code: replication.RefuseVersion, Text: "no"})
				time.Sleep(lookInterval)
				synctest.Wait()
			}
			if links.of("e") == nil {
				t.Fatal("the last one that is left was not asked")
			}
			other := homed(t, names, "l", "b", "e")
			delete(links.events, "b")
			if err := s.enter(t.Context(), spec(other)); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			e := s.rooms[id]
			if f := s.rooms[other].leading.feeds; links.of("b") != nil || len(f) != 1 || f[0].server != "e" {
				t.Errorf("the second room is followed by %v", f)
			}
			s.draining = true
			if to, why := s.destination(e, s.members.View(), time.Now()); to != "e" || why != "drain" {
				t.Errorf("drained to %q (%s), want e", to, why)
			}
			s.draining = false
			s.mu.Unlock()

			again := members(names[1:]...)
			again[0].Boot = "new"
			s.members.Set(again...)
			s.mu.Lock()
			a, _ := s.members.View().Find("a")
			b, _ := s.members.View().Find("b")
			if !s.fits("count", a) || s.fits("count", b) || !s.fits("other", b) {
				t.Errorf("fits: a %v, b %v, b for another game %v", s.fits("count", a), s.fits("count", b), s.fits("other", b))
			}
			s.mu.Unlock()
			time.Sleep(misfitTime)
			s.mu.Lock()
			if !s.fits("count", b) {
				t.Error("the word of a server counts for ever")
			}
			s.mu.Unlock()
		})
	})
}

// Whether a draining server keeps a room because of the others' versions.
func TestAlone(t *testing.T) {
	s := newServer(t, "l", nobody, "a", "b")
	s.mu.Lock()
	defer s.mu.Unlock()
	alone := func() bool { return s.alone("count", s.members.View()) }
	if alone() {
		t.Error("alone among servers that were not asked")
	}
	s.unfit("count", "a", "")
	if alone() {
		t.Error("alone beside b")
	}
	s.unfit("count", "b", "")
	if !alone() {
		t.Error("not alone among misfits")
	}
	if s.alone("other", s.members.View()) {
		t.Error("alone with another game's rooms")
	}
	draining := member("c")
	draining.State = membership.Draining
	router := member("r")
	router.Role = membership.Router
	s.members.Set(draining, router)
	if alone() {
		t.Error("alone where nobody serves: that is no matter of versions")
	}
}
