package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// rooms is what the door needs of the registry.
type rooms interface {
	Enter(ctx context.Context, s registry.Spec, j room.Join) (*room.Occupant, error)
}

// door lets clients into rooms: it is all that a session knows of the rest of the server.
type door struct {
	tickets *ticket.Verifier
	rooms   rooms
	schemas map[proto.GameName]uint64
	detours *detours
	skew    *skew
	clock   func() time.Time // the time of day
}

func (n *Server) newDoor(schemas map[proto.GameName]uint64) *door {
	keys := n.config.Security.TicketKeys
	if len(keys) == 0 {
		n.config.Logger.Warn("no ticket keys are given: tickets of the development key, which everyone knows, are taken")
		keys = []ed25519.PublicKey{ticket.DevKey().Public().(ed25519.PublicKey)}
	}
	clock := n.config.Testing.WallClock
	if clock == nil {
		clock = time.Now
	}
	return &door{tickets: ticket.NewVerifier(keys...), rooms: n.registry, schemas: schemas, detours: n.detours, skew: n.skew, clock: clock}
}

// Enter implements session.Door.
func (d *door) Enter(ctx context.Context, id proto.RoomID, hello proto.Hello, c *session.Conn) (session.Occupant, error) {
	spec, join, err := d.read(id, hello, d.clock())
	if err != nil {
		return nil, err
	}
	join.Client = c
	o, err := d.rooms.Enter(ctx, spec, join)
	if err != nil {
		return nil, err // a nil occupant in the interface would not be nil
	}
	return d.detours.entered(c.Router(), id, o), nil
}

// read makes of a hello, which has a ticket or a resume token, what its room is and how to join it. A token goes without a
// ticket, and with one that has expired: a ticket opened its seat once. A spectator has no token; his expired ticket is for
// the room to judge, if he is in it.
func (d *door) read(id proto.RoomID, hello proto.Hello, now time.Time) (registry.Spec, room.Join, error) {
	spec := registry.Spec{Room: id, Seen: hello.Epoch, Hold: hello.Flags&proto.HelloWait != 0,
		Fits: func(g proto.GameName) error { return d.checkSchema(g, hello) }}
	join := room.Join{Resume: hello.Resume, Waits: spec.Hold}
	if hello.Ticket == "" {
		return spec, join, nil
	}
	t, err := d.tickets.Verify(hello.Ticket, now)
	expired := errors.Is(err, ticket.ErrExpired)
	newcomer := len(hello.Resume) == 0 && !spec.Hold && hello.Epoch == (proto.Epoch{}) // others have tickets as old as their match
	if newcomer && (err == nil || expired) {
		d.skew.see(hello.Ticket, t, expired, now)
	}
	join.Expired = expired && join.Waits && t.Role == ticket.Spectator // the room knows whether he was watching
	switch {
	case expired && len(hello.Resume) > 0:
		return spec, join, nil
	case err != nil && !join.Expired:
		return spec, join, proto.Refuse(proto.CloseTicket, "%v", err)
	case t.Room != id:
		return spec, join, proto.Refuse(proto.CloseTicket, "the ticket is for room %s, not for %s; ask the router for one", t.Room, id)
	}
	if err := d.checkSchema(t.Game, hello); err != nil {
		return spec, join, err
	}
	if !join.Expired { // such a ticket makes no room
		spec.Game, spec.Options = t.Game, t.Options
	}
	join.Player, join.Name, join.Spectator = t.Player, t.Name, t.Role == ticket.Spectator
	return spec, join, nil
}

// checkSchema turns away a client that was built for another schema of the game.
func (d *door) checkSchema(g proto.GameName, hello proto.Hello) error {
	if want, ok := d.schemas[g]; ok && hello.Fingerprint != 0 && hello.Fingerprint != want {
		return proto.Refuse(proto.CloseSchema, "game %s has schema %016x here, the client was built for %016x; update the client",
			g, want, hello.Fingerprint)
	}
	return nil
}
