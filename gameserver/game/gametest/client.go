package gametest

import (
	"bytes"
	"fmt"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto/state"
)

// client is what a player's program holds: a replica made of the schema alone.
type client struct {
	seat    game.Seat
	replica *state.Store
}

func newClient(a *game.Simulation, seat game.Seat) (client, error) {
	s := a.Store()
	schema, err := state.ParseSchema(s.Schema().Append(nil))
	if err != nil {
		return client{}, err
	}
	c := client{seat, state.NewReplica(schema)}
	if err := c.replica.ApplyKeyframe(s.Tick(), s.AppendKeyframe(nil)); err != nil {
		return client{}, err
	}
	return c, c.replica.ApplyOwnKeyframe(s.AppendOwnKeyframe(nil, seat))
}

// follow applies the last tick's frames and compares what the client then has with what it should have.
func (c *client) follow(a *game.Simulation) error {
	s := a.Store()
	if err := c.replica.ApplyDelta(s.Tick(), s.AppendDelta(nil)); err != nil {
		return fmt.Errorf("public delta: %w", err)
	}
	if err := c.replica.ApplyOwnDelta(s.AppendOwnDelta(nil, c.seat)); err != nil {
		return fmt.Errorf("own delta: %w", err)
	}
	if got, want := c.replica.Hash(), s.Hash(); got != want {
		return fmt.Errorf("public part has hash %08x, the original's %08x", got, want)
	}
	if got, want := c.replica.AppendOwnKeyframe(nil, c.seat), s.AppendOwnKeyframe(nil, c.seat); !bytes.Equal(got, want) {
		return fmt.Errorf("own part as a keyframe is % x, the original's % x", got, want)
	}
	return nil
}
