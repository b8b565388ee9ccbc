package game_test

import (
	"errors"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

func TestSeatsAreGivenAndLeft(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	if _, _, err := h.sim.Join("cid", "C", []byte("c")); !errors.Is(err, game.ErrFull) {
		t.Fatalf("a third player of two: %v", err)
	}
	h.step()
	told(t, got, "0 start", `1 join 0 ann "ann"`, `1 join 1 bob "bob"`)

	h.sim.Leave(0)
	if _, _, err := h.sim.Join("cid", "C", []byte("c")); !errors.Is(err, game.ErrFull) {
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
	if seat, again, err := h.sim.Join("ann", "Ann B.", []byte("new")); seat != 0 || !again || err != nil {
		t.Fatalf("seat %d, again %v, error %v", seat, again, err)
	}
	h.steps(2)
	told(t, got, "0 start", `1 join 0 ann "ann"`)
	if p, ok := h.sim.Player(0); !ok || p != (game.Player{Seat: 0, ID: "ann", Name: "Ann B.", Connected: true}) {
		t.Errorf("player %+v, %v", p, ok)
	}
	if token := h.sim.Token(0); string(token) != "new" {
		t.Errorf("token %q", token)
	}
	if p := h.sim.Processed(0); p != proto.MaxSamplesPerTick {
		t.Errorf("%d samples processed: those of the old connection's queue must be gone", p)
	}
	if _, ok := h.sim.Resume([]byte("ann")); ok {
		t.Error("the old token still resumes")
	}
}

func TestSeatIsHeldAndResumed(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.step()
	h.sim.Disconnect(0)
	h.step()
	if p, ok := h.sim.Player(0); !ok || p.Connected {
		t.Fatalf("player %+v, %v", p, ok)
	}
	h.steps(149 - 1)
	if seat, ok := h.rebuilt().sim.Resume([]byte("ann")); seat != 0 || !ok {
		t.Fatalf("on another server: seat %d, %v", seat, ok)
	}
	if seat, ok := h.sim.Resume([]byte("ann")); seat != 0 || !ok {
		t.Fatalf("seat %d, %v", seat, ok)
	}
	h.steps(200)
	told(t, got, "0 start", `1 join 0 ann "ann"`)
	for _, token := range []string{"", "bob", "ann ", "a very long token that no room has ever made"} {
		if seat, ok := h.sim.Resume([]byte(token)); ok {
			t.Errorf("token %q resumes seat %d", token, seat)
		}
	}
}

// TestSeatExpires: the connection is lost before tick 2, and 15 s are 150 ticks.
func TestSeatExpires(t *testing.T) {
	d, got, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.step()
	h.sim.Disconnect(0)
	h.steps(100)
	h = h.rebuilt()
	h.sim.Disconnect(0) // once more changes nothing
	h.steps(50)
	told(t, got, "0 start", `1 join 0 ann "ann"`)
	h.step()
	told(t, got, "152 leave 0 ann connected false there true")
	if _, ok := h.sim.Resume([]byte("ann")); ok {
		t.Error("a seat that was given up is resumed")
	}
}

func TestTokensAreBounded(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	for _, n := range []int{0, 33} {
		if _, _, err := h.sim.Join("ann", "", make([]byte, n)); !errors.Is(err, game.ErrToken) {
			t.Errorf("a token of %d bytes: %v", n, err)
		}
	}
	token := []byte("\x00\xff\xfe32 bytes that are no text\x80\x81\x82\x83")[:32]
	if _, _, err := h.sim.Join("ann", "", token); err != nil {
		t.Fatal(err)
	}
	h.step()
	b := h.rebuilt()
	if string(b.sim.Token(0)) != string(token) {
		t.Errorf("token %x after the move, want %x", b.sim.Token(0), token)
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
