package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// rooms is what admission needs of the registry.
type rooms interface {
	Enter(ctx context.Context, s registry.Spec, j room.Join) (*room.Occupant, error)
}

// admission lets clients into rooms. It is all that a session knows of the rest of the server.
type admission struct {
	tickets    *ticket.Verifier
	rooms      rooms
	schemas    map[proto.GameName]uint64
	reconnects *reconnects
	skew       *skew
	bans       *bans.Set
	clock      func() time.Time // the time of day
}

func (n *Server) newAdmission(schemas map[proto.GameName]uint64) *admission {
	keys := n.config.Security.TicketKeys
	if len(keys) == 0 {
		n.config.Logger.Warn("no ticket keys are given; accepting tickets of the development key, which everyone knows")
		keys = []ed25519.PublicKey{ticket.DevKey().Public().(ed25519.PublicKey)}
	}
	clock := n.config.Testing.WallClock
	if clock == nil {
		clock = time.Now
	}
	return &admission{tickets: ticket.NewVerifier(keys...), rooms: n.registry, schemas: schemas, reconnects: n.reconnects, skew: n.skew, bans: n.bans, clock: clock}
}

// Enter implements session.Admission.
func (a *admission) Enter(ctx context.Context, id proto.RoomID, hello proto.Hello, c *session.Conn) (session.Occupant, error) {
	spec, join, err := a.read(id, hello, a.clock())
	if err != nil {
		return nil, err
	}
	join.Client = c
	o, err := a.rooms.Enter(ctx, spec, join)
	if err != nil {
		return nil, err // a nil occupant in the interface would not be nil
	}
	return a.reconnects.entered(c.Router(), id, o), nil
}

// read turns a hello with a ticket or a resume token into the room and how to join it. A token needs no ticket, or only an
// expired one: a valid ticket opened its seat before. A spectator has no token. Whether it may use an expired ticket is for the
// room to decide, which knows whether it was watching.
func (a *admission) read(id proto.RoomID, hello proto.Hello, now time.Time) (registry.Spec, room.Join, error) {
	spec := registry.Spec{Room: id, Seen: hello.Epoch, Hold: hello.Flags&proto.HelloWait != 0, Elsewhere: hello.Flags&proto.HelloElsewhere != 0,
		Fits: func(g proto.GameName) error { return a.checkSchema(g, hello) }}
	join := room.Join{Resume: hello.Resume, Waits: spec.Hold}
	if hello.Ticket == "" {
		return spec, join, nil
	}
	t, err := a.tickets.Verify(hello.Ticket, now)
	expired := errors.Is(err, ticket.ErrExpired)
	newcomer := len(hello.Resume) == 0 && !spec.Hold && hello.Epoch == (proto.Epoch{}) // others have tickets as old as their match
	if newcomer && (err == nil || expired) {
		a.skew.see(hello.Ticket, t, expired, now)
	}
	join.Expired = expired && join.Waits && t.Role == ticket.Spectator
	switch {
	case expired && len(hello.Resume) > 0:
		return spec, join, nil
	case newcomer && expired && !t.Issued.IsZero(): // a newcomer shows a ticket that was just issued
		return spec, join, proto.Refuse(proto.CloseTicket, "the ticket was issued %v ago; if it is new, this server's clock or the router's is wrong",
			now.Sub(t.Issued).Round(time.Second))
	case err != nil && !join.Expired:
		return spec, join, proto.Refuse(proto.CloseTicket, "%v", err)
	case t.Room != id:
		return spec, join, proto.Refuse(proto.CloseTicket, "the ticket is for room %s, not for %s; ask the router for one", t.Room, id)
	}
	if text, banned := a.bans.Banned(t.Player); banned { // without a ticket there is only a seat, and the room frees that
		return spec, join, proto.Refuse(proto.CloseKicked, "%s", text)
	}
	if err := a.checkSchema(t.Game, hello); err != nil {
		return spec, join, err
	}
	if !join.Expired { // an expired ticket creates no room
		spec.Game, spec.Options, spec.Signed, spec.Exists = t.Game, t.Options, t.Signed, !t.Creates()
	}
	join.Player, join.Name, join.Claims, join.Spectator = t.Player, t.Name, t.Claims, t.Role == ticket.Spectator
	if !t.Issued.IsZero() { // routers verify the player's identity for each ticket
		join.Proven = uint32(t.Issued.Unix())
	}
	if p := t.Party; p != nil { // bounded, or a clock that is slow would keep seats for longer
		join.Party = game.Party{ID: p.ID, Size: p.Size, Hold: min(p.Until.Sub(now), ticket.PartyHold)}
	}
	return spec, join, nil
}

// checkSchema refuses a client that was built for another schema of the game.
func (a *admission) checkSchema(g proto.GameName, hello proto.Hello) error {
	if want, ok := a.schemas[g]; ok && hello.Fingerprint != 0 && hello.Fingerprint != want {
		return proto.Refuse(proto.CloseSchema, "game %s has schema %016x here, the client was built for %016x; update the client",
			g, want, hello.Fingerprint)
	}
	return nil
}
