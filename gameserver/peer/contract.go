package peer

// CONTRACT STUB: owned by the peer/registry/node helper.

import (
	"context"

	"github.com/ringside-go/ringside/proto"
)

// Holding says what a server has of a room.
type Holding uint8

const (
	None      Holding = iota
	Claiming          // it is asking the others at this moment
	Following         // standby (issue 3)
	Leading
)

// Answer to a claim.
type Answer struct {
	Holding Holding
	Epoch   proto.Epoch
	Leader  string // server name of the leader, where known
}

// Rooms answers claims; the registry implements it. Must not block.
type Rooms interface {
	Holding(room proto.RoomID) Answer
}

type Claimer interface {
	Claim(ctx context.Context, server string, addr string, room proto.RoomID) (Answer, error)
}
