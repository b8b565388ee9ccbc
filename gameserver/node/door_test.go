package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/registry"
	"github.com/ringside-go/ringside/gameserver/room"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// sign makes a ticket of the development key; what c leaves out is a player's ticket for the idle game.
func sign(t *testing.T, c ticket.Claims) string {
	t.Helper()
	if c.Game == "" {
		c.Game = "idle"
	}
	if c.Player == "" {
		c.Player = "alice"
	}
	if c.Role == "" {
		c.Role = ticket.Player
	}
	if c.Expires.IsZero() {
		c.Expires = time.Now().Add(time.Hour)
	}
	s, err := ticket.NewSigner(ticket.DevKey()).Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDoorReads(t *testing.T) {
	d := &door{tickets: ticket.NewVerifier(devKeys()...), schemas: map[proto.GameName]uint64{"idle": 7}}
	epoch := proto.Epoch{Counter: 3, Server: "z"}
	good := sign(t, ticket.Claims{Room: "r", Name: "Alice", Options: []byte(`{"a":1}`)})
	old := sign(t, ticket.Claims{Room: "r", Expires: time.Now().Add(-time.Minute)})
	token := []byte("token")
	for _, c := range []struct {
		name  string
		hello proto.Hello
		game  proto.GameName
		join  room.Join
		code  proto.CloseCode // 0: let in
	}{
		{"ticket", proto.Hello{Ticket: good, Epoch: epoch}, "idle", room.Join{Player: "alice", Name: "Alice"}, 0},
		{"ticket and token", proto.Hello{Ticket: good, Resume: token}, "idle", room.Join{Player: "alice", Name: "Alice", Resume: token}, 0},
		{"token", proto.Hello{Resume: token}, "", room.Join{Resume: token}, 0},
		{"old ticket and token", proto.Hello{Ticket: old, Resume: token}, "", room.Join{Resume: token}, 0},
		{"old ticket", proto.Hello{Ticket: old}, "", room.Join{}, proto.CloseTicket},
		{"no ticket, and a token", proto.Hello{Ticket: "x", Resume: token}, "", room.Join{}, proto.CloseTicket},
		{"right schema", proto.Hello{Ticket: good, Fingerprint: 7}, "idle", room.Join{Player: "alice", Name: "Alice"}, 0},
		{"wrong schema", proto.Hello{Ticket: good, Fingerprint: 8}, "", room.Join{}, proto.CloseSchema},
		{"other room", proto.Hello{Ticket: sign(t, ticket.Claims{Room: "s"})}, "", room.Join{}, proto.CloseTicket},
		{"spectator", proto.Hello{Ticket: sign(t, ticket.Claims{Room: "r", Role: ticket.Spectator})}, "idle", room.Join{Player: "alice", Spectator: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, join, err := d.read("r", c.hello, time.Now())
			if c.code != 0 {
				wantCode(t, err, c.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if spec.Room != "r" || spec.Game != c.game || spec.Seen != c.hello.Epoch {
				t.Errorf("room %+v", spec)
			}
			if join.Player != c.join.Player || join.Name != c.join.Name || join.Spectator != c.join.Spectator || string(join.Resume) != string(c.join.Resume) {
				t.Errorf("join %+v, want %+v", join, c.join)
			}
		})
	}
}

func wantCode(t *testing.T, err error, code proto.CloseCode) {
	t.Helper()
	var r *proto.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("got %v, want a refusal with %v", err, code)
	}
}

// ended gives rooms that have ended at that very moment.
type ended struct {
	room      *room.Room
	forgotten int
}

func (e *ended) Enter(context.Context, registry.Spec) (*room.Room, error) { return e.room, nil }
func (e *ended) Forget(id proto.RoomID, r *room.Room) {
	if id == "r" && r == e.room {
		e.forgotten++
	}
}

// A client who meets a room at its end is led to the next one, but not for ever.
func TestDoorAtARoomsEnd(t *testing.T) {
	n, err := New(config("a"), idles(nil))
	if err != nil {
		t.Fatal(err)
	}
	stop := run(n)
	r, err := n.registry.Enter(t.Context(), registry.Spec{Room: "r", Game: "idle"})
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(nil); err != nil {
		t.Fatal(err)
	}
	rooms := &ended{room: r}
	d := &door{tickets: ticket.NewVerifier(devKeys()...), rooms: rooms}
	_, err = d.Enter(t.Context(), "r", proto.Hello{Ticket: sign(t, ticket.Claims{Room: "r"})}, nil)
	wantCode(t, err, proto.CloseEnded)
	if rooms.forgotten != enterTries {
		t.Errorf("forgot %d times, want %d", rooms.forgotten, enterTries)
	}
}
