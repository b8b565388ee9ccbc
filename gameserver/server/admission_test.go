package server

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/obs"
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

func TestAdmissionReads(t *testing.T) {
	d := &admission{bans: bans.New(nil), tickets: ticket.NewVerifier(devKeys()...), schemas: map[proto.GameName]uint64{"idle": 7},
		skew: newSkew(slog.New(slog.DiscardHandler), obs.NewServerMetrics(nil))}
	epoch := proto.Epoch{Counter: 3, Server: "z"}
	issued := time.Now().Add(-time.Minute)
	good := sign(t, ticket.Claims{Room: "r", Name: "Alice", Options: []byte(`{"a":1}`), Issued: issued})
	proven := uint32(issued.Unix())
	old := sign(t, ticket.Claims{Room: "r", Expires: time.Now().Add(-time.Minute)})
	oldWatch := sign(t, ticket.Claims{Room: "r", Role: ticket.Spectator, Expires: time.Now().Add(-time.Minute)})
	oldElsewhere := sign(t, ticket.Claims{Room: "s", Role: ticket.Spectator, Expires: time.Now().Add(-time.Minute)})
	token := []byte("token")
	for _, c := range []struct {
		name  string
		hello proto.Hello
		game  proto.GameName
		join  room.Join
		code  proto.CloseCode // 0: let in
	}{
		{"ticket", proto.Hello{Ticket: good, Epoch: epoch}, "idle", room.Join{Player: "alice", Name: "Alice", Proven: proven}, 0},
		{"ticket and token", proto.Hello{Ticket: good, Resume: token}, "idle", room.Join{Player: "alice", Name: "Alice", Proven: proven, Resume: token}, 0},
		{"token", proto.Hello{Resume: token}, "", room.Join{Resume: token}, 0},
		{"old ticket and token", proto.Hello{Ticket: old, Resume: token}, "", room.Join{Resume: token}, 0},
		{"old ticket", proto.Hello{Ticket: old}, "", room.Join{}, proto.CloseTicket},
		{"old ticket, waiting", proto.Hello{Ticket: old, Flags: proto.HelloWait}, "", room.Join{}, proto.CloseTicket},
		{"old ticket to watch", proto.Hello{Ticket: oldWatch}, "", room.Join{}, proto.CloseTicket},
		{"old ticket to watch, waiting", proto.Hello{Ticket: oldWatch, Flags: proto.HelloWait}, "",
			room.Join{Player: "alice", Spectator: true, Waits: true, Expired: true}, 0},
		{"old ticket to watch another room, waiting", proto.Hello{Ticket: oldElsewhere, Flags: proto.HelloWait}, "", room.Join{}, proto.CloseTicket},
		{"token, waiting", proto.Hello{Resume: token, Flags: proto.HelloWait}, "", room.Join{Resume: token, Waits: true}, 0},
		{"no ticket, and a token", proto.Hello{Ticket: "x", Resume: token}, "", room.Join{}, proto.CloseTicket},
		{"right schema", proto.Hello{Ticket: good, Fingerprint: 7}, "idle", room.Join{Player: "alice", Name: "Alice", Proven: proven}, 0},
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
			if !reflect.DeepEqual(join, c.join) {
				t.Errorf("join %+v, want %+v", join, c.join)
			}
		})
	}
}

// A newcomer shows a ticket that was just issued: if it has expired, a clock is wrong, and the player's text says so.
func TestAdmissionNamesASkewedClock(t *testing.T) {
	d := &admission{bans: bans.New(nil), tickets: ticket.NewVerifier(devKeys()...), skew: newSkew(slog.New(slog.DiscardHandler), obs.NewServerMetrics(nil))}
	now := time.Now().Truncate(time.Second)
	late := sign(t, ticket.Claims{Room: "r", Issued: now.Add(-20 * time.Minute), Expires: now.Add(-10 * time.Minute)})
	_, _, err := d.read("r", proto.Hello{Ticket: late}, now)
	wantCode(t, err, proto.CloseTicket)
	const want = "the ticket was issued 20m0s ago; if it is new, this server's clock or the router's is wrong"
	if !strings.Contains(err.Error(), want) || len(want) > proto.MaxText {
		t.Errorf("the player reads %v; want %q", err, want)
	}
}

func wantCode(t *testing.T, err error, code proto.CloseCode) {
	t.Helper()
	var r *proto.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("got %v, want a refusal with %v", err, code)
	}
}

// entered is a registry that keeps the newest request to enter.
type entered struct {
	spec registry.Spec
	join room.Join
	err  error
}

func (e *entered) Enter(_ context.Context, s registry.Spec, j room.Join) (*room.Occupant, error) {
	e.spec, e.join = s, j
	if e.err != nil {
		return nil, e.err
	}
	return &room.Occupant{}, nil
}

// Admission passes the client and its wish on, and returns a refusal as one.
func TestAdmissionEnters(t *testing.T) {
	rooms := &entered{}
	d := &admission{bans: bans.New(nil), tickets: ticket.NewVerifier(devKeys()...), rooms: rooms, schemas: map[proto.GameName]uint64{"idle": 7}, clock: time.Now}
	hello := proto.Hello{Resume: []byte("token"), Flags: proto.HelloWait, Fingerprint: 8}
	c := new(session.Conn)
	o, err := d.Enter(t.Context(), "r", hello, c)
	if err != nil || o == nil || !rooms.spec.Hold || rooms.spec.Room != "r" || string(rooms.join.Resume) != "token" {
		t.Errorf("got %v, %v; asked for %+v with %+v", o, err, rooms.spec, rooms.join)
	}
	wantCode(t, rooms.spec.Fits("idle"), proto.CloseSchema)
	if err := rooms.spec.Fits("other"); err != nil {
		t.Error(err)
	}
	rooms.err = proto.Refuse(proto.CloseLost, "")
	if o, err := d.Enter(t.Context(), "r", hello, c); o != nil {
		t.Errorf("got an occupant with %v", err)
	}
}

// A room of quick match is created with the game and the options that its id stands for only, or strangers would be sent to a room
// that somebody made for them.
func TestNobodyMakesAMatchOfOtherOptions(t *testing.T) {
	d := &admission{bans: bans.New(nil), tickets: ticket.NewVerifier(devKeys()...), skew: newSkew(slog.New(slog.DiscardHandler), obs.NewServerMetrics(nil))}
	options := []byte(`{"a":1}`)
	for _, tt := range []struct {
		made   []byte // what the id stands for
		exists bool
	}{{nil, true}, {options, false}} {
		id := proto.RoomID(ticket.MatchKind("idle", tt.made)) + "x"
		spec, _, err := d.read(id, proto.Hello{Ticket: sign(t, ticket.Claims{Room: id, Options: options})}, time.Now())
		if err != nil || spec.Game != "idle" || spec.Exists != tt.exists {
			t.Errorf("made for %s: %+v, %v", tt.made, spec, err)
		}
	}
}

// The seats of a party are kept for as long as the ticket says, and never for longer than a minute, whatever the clocks say.
func TestAdmissionOfAParty(t *testing.T) {
	d := &admission{bans: bans.New(nil), tickets: ticket.NewVerifier(devKeys()...), skew: newSkew(slog.New(slog.DiscardHandler), obs.NewServerMetrics(nil))}
	now := time.Now().Truncate(time.Second)
	for until, want := range map[time.Duration]time.Duration{
		20 * time.Second: 20 * time.Second, ticket.PartyHold: ticket.PartyHold, 10 * time.Minute: ticket.PartyHold, -time.Second: -time.Second,
	} {
		party := &ticket.Party{ID: "red", Size: 3, Until: now.Add(until)}
		_, join, err := d.read("r", proto.Hello{Ticket: sign(t, ticket.Claims{Room: "r", Party: party})}, now)
		if err != nil || join.Party != (game.Party{ID: "red", Size: 3, Hold: want}) {
			t.Errorf("until %v: %+v, %v; want %v", until, join.Party, err, want)
		}
	}
}
