package game

import (
	"hash/fnv"

	"github.com/ringside-go/ringside/proto"
)

// core is the framework's own state in every room. It is in tables like the game's, so that it moves with them.
type core struct {
	Seats    Table[seatRow]    `state:"max=64"` // row id = seat
	Room     Value[roomRow]    `state:""`
	Outcomes Table[outcomeRow] `state:"max=90,hidden"`
	Parties  Table[partyRow]   `state:"max=64,hidden"`
}

// seatRow is a seat that is taken.
type seatRow struct {
	Processed uint32 `state:"hidden,predict=linear"` // number of the last sample that a tick took
	Alias     string `state:"max=16"`
	Name      string `state:"max=128"` // proto.MaxPlayerNameBytes
	Connected bool   `state:""`
	ID        string `state:"hidden,max=64"`
	Secret    string `state:"hidden,max=32"` // Entrant.Secret in hexadecimal, since strings are text
	Renewed   uint32 `state:"hidden"`        // the oldest resume token that is valid, see resumeToken
	Proven    uint32 `state:"hidden"`        // the newest Entrant.Proven
	LostAt    uint32 `state:"hidden"`        // first tick without a connection
}

// roomRow is what a room has once.
type roomRow struct {
	Match    uint32 `state:""`              // being played, from 1
	Rand     uint64 `state:"hidden"`        // of the random generator
	Kind     uint64 `state:"hidden"`        // kindOf the game and its options
	Instance uint64 `state:"hidden"`        // proto.Instance, drawn when the room was created
	Secret   string `state:"hidden,max=32"` // Origin.Secret in hexadecimal
	Door     uint8  `state:"hidden,range=0..2"`
}

// kindOf fingerprints a game's name and a room's options. A keyframe fits only a room of the same kind: the options
// decide what New works out, and that is not in the tables.
func kindOf(name proto.GameName, options []byte) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	h.Write([]byte{0})
	h.Write(options)
	return h.Sum64()
}
