package gametest

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// Hall is a room that a test plays by hand: players join, send, and the test steps the room and looks at its tables. There are no sockets
// and no clock.
//
//	h := gametest.NewHall(t, chess.Definition(), "")
//	white, black := h.Join("ann"), h.Join("bob")
//	gametest.Send(h, white, chess.Move{From: 12, To: 28})
//	h.Step(1)
//	gametest.Expect(h, "pieces", 28, chess.Piece{Kind: chess.Pawn, Side: 0})
type Hall struct {
	// Sim is the room. A test that needs more than Hall has may use it.
	Sim *game.Simulation
	// Outcomes, Sent and Kicked are what the room decided, sent to players, and whom it put out, since the test began.
	Outcomes []game.Decided
	Sent     []game.CustomOut
	Kicked   []game.Kicked

	t       testing.TB
	d       game.Definition
	options []byte
	next    [proto.MaxSeats]proto.Seq
	joined  uint32
}

// NewHall makes a room of d with options, a JSON object or "". Its random numbers are the same in each test.
func NewHall(t testing.TB, d game.Definition, options string) *Hall {
	t.Helper()
	h := &Hall{t: t, d: d, options: []byte(options)}
	var err error
	if h.Sim, err = game.New(&h.d, h.options, game.Origin{Seed: 1, Instance: 1, Secret: game.Secret{1}}); err != nil {
		t.Fatal(err)
	}
	return h
}

// Join gives player a seat; the game hears of it in the next step. A player who has a seat comes back to it.
func (h *Hall) Join(player proto.PlayerID) game.Seat {
	h.t.Helper()
	return h.JoinAs(player, nil)
}

// JoinAs is Join of a player of whom the backend says claims, see game.Admitter.
func (h *Hall) JoinAs(player proto.PlayerID, claims json.RawMessage) game.Seat {
	h.t.Helper()
	h.joined++
	e := game.Entrant{ID: player, Name: string(player), Proven: h.joined, Claims: claims}
	copy(e.Secret[:], player)
	seat, again, err := h.Sim.Join(e)
	if err != nil {
		h.t.Fatalf("gametest: %s joins: %v", player, err)
	}
	if h.next[seat] = 1; again {
		h.next[seat] = h.Sim.Processed(seat) + 1
	}
	return seat
}

// Leave gives a seat up; Lose breaks its player's connection, and the seat is held.
func (h *Hall) Leave(seat game.Seat) { h.Sim.Leave(seat) }

// Lose breaks the connection of a seat's player; the seat is held for Settings.SeatHold.
func (h *Hall) Lose(seat game.Seat) { h.Sim.Disconnect(seat) }

// Send sends seat's next samples, of the T of the game's Inputs.
func Send[T any](h *Hall, seat game.Seat, samples ...T) {
	h.t.Helper()
	if err := h.Sim.Queue(seat, Encode(h.t, h.next[seat], h.Sim.Tick(), samples...)); err != nil {
		h.t.Fatalf("gametest: seat %d sends: %v", seat, err)
	}
	h.next[seat] += proto.Seq(len(samples))
}

// Message sends a custom message of seat.
func (h *Hall) Message(seat game.Seat, payload string) { h.Sim.Message(seat, []byte(payload)) }

// Step makes n ticks. The work that the game does outside (game.Room.Go) is done between two of them.
func (h *Hall) Step(n int) {
	h.t.Helper()
	for range n {
		if err := play(h.Sim, nil); err != nil {
			h.t.Fatalf("gametest: tick %d: %v", h.Sim.Tick()+1, err)
		}
		h.Outcomes = append(h.Outcomes, h.Sim.Outcomes()...)
		h.Kicked = append(h.Kicked, h.Sim.Kicked()...)
		for _, m := range h.Sim.Customs() {
			h.Sent = append(h.Sent, game.CustomOut{Seat: m.Seat, Payload: append([]byte(nil), m.Payload...)})
		}
		for _, job := range h.Sim.Started() {
			value, err := job.Work(h.t.Context())
			h.Sim.Answer(job.ID, value, err)
		}
	}
}

// Move continues the room as another server does, from its tables alone.
func (h *Hall) Move() {
	h.t.Helper()
	s := h.Sim.Store()
	moved, err := game.Rebuild(&h.d, h.options, s.Tick(), s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil))
	if err == nil {
		err = handOver(h.Sim, moved)
	}
	if err != nil {
		h.t.Fatalf("gametest: the room cannot move: %v", err)
	}
	h.Sim = moved
	h.Sim.LoseJobs()
}

// Expect fails the test unless row id of a table, by its name on the wire, is want as of the last step.
func Expect[T any](h *Hall, table string, id game.RowID, want T) {
	h.t.Helper()
	if got, ok := Row[T](h.Sim, table, id); !ok || !reflect.DeepEqual(got, want) {
		h.t.Errorf("gametest: tick %d: row %d of %s is %+v (there is one: %v), want %+v", h.Sim.Tick(), id, table, got, ok, want)
	}
}
