package game_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

func TestSeatsAreGivenAndLeft(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	if _, _, err := h.sim.Join(entrant("cid")); !errors.Is(err, game.ErrFull) {
		t.Fatalf("a third player of two: %v", err)
	}
	h.step()
	told(t, got, "0 start", `1 join 0 ann "ann"`, `1 join 1 bob "bob"`)

	h.sim.Leave(0)
	if _, _, err := h.sim.Join(entrant("cid")); !errors.Is(err, game.ErrFull) {
		t.Fatalf("a player before the tick that frees the seat: %v", err)
	}
	h.step()
	told(t, got, "2 leave 0 ann connected true there true")
	h.join(0, "cid")
	h.sim.Leave(1)
	h.step()
	told(t, got, "3 leave 1 bob connected true there true", `3 join 0 cid "cid"`)
}

func TestLeaveBeforeTheJoinWasTold(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.sim.Message(0, []byte("hello"))
	h.sim.Leave(0)
	h.join(0, "bob")
	h.step()
	told(t, got, "0 start", `1 join 0 bob "bob"`)
}

func TestPlayerTakesHisSeatAgain(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.step()
	queue(h, 0, values(1, 9)...)
	h.step()
	h.sim.Leave(0)
	old := h.sim.Token(0)
	again := entrant("ann")
	again.Name, again.Secret, again.Proven = "Ann B.", game.Secret{1}, 7
	if seat, again, err := h.sim.Join(again); seat != 0 || !again || err != nil {
		t.Fatalf("seat %d, again %v, error %v", seat, again, err)
	}
	h.steps(2)
	told(t, got, "0 start", `1 join 0 ann "ann"`)
	if p, ok := h.sim.Player(0); !ok || p != (game.Player{Seat: 0, ID: "ann", Alias: p.Alias, Name: "Ann B.", Connected: true}) {
		t.Errorf("player %+v, %v", p, ok)
	}
	if p := h.sim.Processed(0); p != proto.MaxSamplesPerTick {
		t.Errorf("%d samples processed: those of the old connection's queue must be gone", p)
	}
	if _, ok := h.sim.Resume(old); ok {
		t.Error("the old token still resumes")
	}
	if seat, ok := h.sim.Resume(h.sim.Token(0)); seat != 0 || !ok {
		t.Errorf("the new token gives seat %d, %v", seat, ok)
	}
}

func TestSeatIsHeldAndResumed(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.step()
	token := h.sim.Token(0)
	h.sim.Disconnect(0)
	h.step()
	if p, ok := h.sim.Player(0); !ok || p.Connected {
		t.Fatalf("player %+v, %v", p, ok)
	}
	h.steps(149 - 1)
	if seat, ok := h.rebuilt().sim.Resume(token); seat != 0 || !ok {
		t.Fatalf("on another server: seat %d, %v", seat, ok)
	}
	if seat, ok := h.sim.Resume(token); seat != 0 || !ok {
		t.Fatalf("seat %d, %v", seat, ok)
	}
	h.steps(200)
	told(t, got, "0 start", `1 join 0 ann "ann"`)
	for i := range token {
		forged := bytes.Clone(token)
		forged[i] ^= 1
		if seat, ok := h.sim.Resume(forged); ok {
			t.Errorf("token %x resumes seat %d", forged, seat)
		}
	}
	for _, other := range [][]byte{nil, {}, token[:20], append(bytes.Clone(token), 0), make([]byte, 21)} {
		if seat, ok := h.sim.Resume(other); ok {
			t.Errorf("token %x resumes seat %d", other, seat)
		}
	}
}

// TestSeatExpires: the connection is lost before tick 2, and 15 s are 150 ticks.
func TestSeatExpires(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.step()
	token := h.sim.Token(0)
	h.sim.Disconnect(0)
	h.steps(100)
	h = h.rebuilt()
	h.sim.Disconnect(0) // once more changes nothing
	h.steps(50)
	told(t, got, "0 start", `1 join 0 ann "ann"`)
	h.step()
	told(t, got, "152 leave 0 ann connected false there true")
	if _, ok := h.sim.Resume(token); ok {
		t.Error("a seat that was given up is resumed")
	}
}

// A game may hold seats for longer: here for 2 minutes, which are 1200 ticks.
func TestSeatHoldIsTheGames(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	made := d.New
	d.New = func(o json.RawMessage) (game.Game, game.Settings, error) {
		g, s, err := made(o)
		s.SeatHold = 2 * time.Minute
		return g, s, err
	}
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.step()
	h.sim.Disconnect(0)
	h.steps(1200)
	told(t, got, "0 start", `1 join 0 ann "ann"`)
	h.step()
	told(t, got, "1202 leave 0 ann connected false there true")
}

// A welcome tells a new token. The one before is valid until the client shows the new one, or answers the welcome.
func TestTokensAreRenewed(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	opens := func(token []byte) bool { seat, ok := h.sim.SeatOf(token); return ok && seat == 0 }
	resume := func(token []byte) []byte {
		t.Helper()
		if seat, ok := h.sim.Resume(token); seat != 0 || !ok {
			t.Fatalf("token %x gives seat %d, %v", token, seat, ok)
		}
		return h.sim.Token(0)
	}
	one := h.sim.Token(0)
	two := resume(one)
	if bytes.Equal(one, two) {
		t.Fatal("the token is not renewed")
	}
	two = resume(one) // the welcome with two was lost
	h.step()
	h = h.rebuilt() // the room moves
	three := resume(two)
	if opens(one) || !opens(two) || !opens(three) {
		t.Errorf("after two was shown: one %v, two %v, three %v", opens(one), opens(two), opens(three))
	}
	h.sim.Renew(0) // the client has answered the welcome
	if opens(two) || !opens(three) {
		t.Errorf("after the welcome with three was answered: two %v, three %v", opens(two), opens(three))
	}
	if seat, ok := h.sim.SeatOf(h.sim.Token(1)); seat != 1 || !ok {
		t.Errorf("bob's token gives seat %d, %v", seat, ok)
	}
}

// A standby takes over from a tick before the client's last welcomes: it knows their tokens all the same.
func TestTokensOfALostLeader(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.step()
	standby := h.rebuilt()
	h.sim.Resume(h.sim.Token(0))
	h.sim.Renew(0)
	last := h.sim.Token(0)
	if seat, ok := standby.sim.Resume(last); seat != 0 || !ok {
		t.Errorf("the newest token gives seat %d, %v", seat, ok)
	}
}

// A ticket that is not newer than what its player has proven already may be a copy of the one that it came with.
func TestConnectedSeatIsNotTaken(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	ann := entrant("ann")
	ann.Proven = 100
	if _, _, err := h.sim.Join(ann); err != nil {
		t.Fatal(err)
	}
	h.step()
	token := h.sim.Token(0)
	for _, proven := range []uint32{0, 99, 100} {
		thief := ann
		thief.Secret, thief.Proven = game.Secret{9}, proven
		if _, _, err := h.sim.Join(thief); !errors.Is(err, game.ErrTaken) {
			t.Errorf("proven at %d: %v", proven, err)
		}
	}
	h = h.rebuilt()
	if seat, ok := h.sim.Resume(token); seat != 0 || !ok {
		t.Errorf("the player's token gives seat %d, %v", seat, ok)
	}
	ann.Proven = 101
	if seat, again, err := h.sim.Join(ann); seat != 0 || !again || err != nil {
		t.Errorf("with a new proof: seat %d, again %v, %v", seat, again, err)
	}
	h.sim.Disconnect(0) // held, it is not given for a copy of the ticket either
	for _, proven := range []uint32{0, 100, 101} {
		ann.Proven = proven
		if _, _, err := h.sim.Join(ann); !errors.Is(err, game.ErrTaken) {
			t.Errorf("a held seat, proven at %d: %v", proven, err)
		}
	}
	ann.Proven = 102
	if seat, again, err := h.sim.Join(ann); seat != 0 || !again || err != nil {
		t.Errorf("a held seat, with a new proof: seat %d, again %v, %v", seat, again, err)
	}
}

// Aliases are the same for as long as the instance lives and tell nothing about the player.
func TestAliases(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	alias := func(h *hall, seat game.Seat) proto.Alias {
		p, _ := h.sim.Player(seat)
		return p.Alias
	}
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	h.step()
	ann, bob := alias(h, 0), alias(h, 1)
	if _, err := proto.ParseAlias(string(ann)); err != nil || len(ann) != 10 || ann == bob {
		t.Errorf("aliases %q and %q: %v", ann, bob, err)
	}
	h = h.rebuilt()
	h.sim.Leave(0)
	h.sim.Leave(1)
	h.step()
	h.join(0, "bob")
	h.join(1, "ann")
	if alias(h, 0) != bob || alias(h, 1) != ann {
		t.Errorf("after a move, on other seats: %q and %q, want %q and %q", alias(h, 0), alias(h, 1), bob, ann)
	}
	sim, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: hallInstance, Secret: game.Secret{2}})
	if err != nil {
		t.Fatal(err)
	}
	other := &hall{t: t, sim: sim}
	other.join(0, "ann")
	if alias(other, 0) == ann {
		t.Error("a room with another secret has the same alias")
	}
}

// What clients get of a room names no player's id, nor anything else of the seats that is not theirs to know.
func TestIDsAreHidden(t *testing.T) {
	d, _, tick := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann-who-plays")
	h.sim.Join(game.Entrant{ID: "bob-who-plays", Name: "Bob"})
	*tick = func(r *game.Room) { r.Finish(game.Outcome{Results: []game.Result{{Seat: 1}}}) }
	h.step()
	s := h.sim.Store()
	public := append(s.AppendDelta(nil), s.AppendKeyframe(nil)...)
	for seat := range game.Seat(2) {
		public = append(public, s.AppendOwnKeyframe(nil, seat)...)
	}
	for _, o := range h.sim.Outcomes() {
		public = o.Append(public)
	}
	if bytes.Contains(public, []byte("bob-who")) || !bytes.Contains(s.AppendSecretKeyframe(nil), []byte("bob-who")) {
		t.Errorf("bob's id: in what clients get %v, in what standbys get %v",
			bytes.Contains(public, []byte("bob-who")), bytes.Contains(s.AppendSecretKeyframe(nil), []byte("bob-who")))
	}
}

func TestEmptySeats(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	for _, seat := range []game.Seat{0, 1, 2, 63, 64, game.NoSeat} {
		h.sim.Leave(seat)
		h.sim.Disconnect(seat)
		h.sim.Message(seat, []byte("hello"))
		_, taken := h.sim.Player(seat)
		if taken || h.sim.Token(seat) != nil || h.sim.Processed(seat) != 0 || h.sim.Pending(seat) != nil {
			t.Errorf("seat %d has something", seat)
		}
		if err := h.sim.Queue(seat, gametest.Encode(t, 1, 0, probeInput{1})); !errors.Is(err, game.ErrSeat) {
			t.Errorf("input for seat %d: %v", seat, err)
		}
	}
	h.step()
}
