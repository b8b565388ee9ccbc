package arena

import "github.com/ringside-go/ringside/gameserver/game"

// Wall is a box that stops fighters and shots. Walls are the map's and never change.
type Wall struct {
	X uint16 `state:""` // left edge, units
	Y uint16 `state:""` // top edge
	W uint16 `state:""`
	H uint16 `state:""`
}

// Fighter is a player's figure; its row id is the player's seat. What changes in most ticks stands first: the wire is
// shortest for the first fields.
type Fighter struct {
	X        float32 `state:"range=0..1024,step=1/16,rewind"` // centre, units
	Y        float32 `state:"range=0..1024,step=1/16,rewind"`
	Aim      float32 `state:"angle,bits=8"` // radians, as others see it; shots go by the sample's finer aim
	HP       uint8   `state:"range=0..100"` // 0: dead
	Alive    bool    `state:"rewind"`       // false while it waits for its next life
	Shielded bool    `state:"rewind"`       // just spawned: shots do it no harm
	Score    uint16  `state:""`             // kills in this round
	Deaths   uint16  `state:""`             // in this round

	VX       int16  `state:"owner,predict=linear"` // velocity, quanta per tick
	VY       int16  `state:"owner,predict=linear"`
	Cooldown uint8  `state:"owner,predict=linear"` // ticks until the gun can fire again
	Ammo     uint8  `state:"owner"`                // rounds in the gun; 0: it is being reloaded
	NextLife uint32 `state:"owner"`                // while dead: the tick of the next life, 0: with the next round

	Budget      uint8  `state:"hidden"` // steps of movement that it may make
	ShieldUntil uint32 `state:"hidden"` // the tick at which the shield ends
}

// Shot is a shot that was fired in this tick, from where its shooter is to X, Y.
type Shot struct {
	X       float32   `state:"range=0..1024,step=1/2"` // where it ended, units
	Y       float32   `state:"range=0..1024,step=1/2"`
	Shooter game.Seat `state:""`
	Hit     game.Seat `state:""` // whom it hurt; 255: nobody
}

// Match is the state of the round.
type Match struct {
	Phase     Phase     `state:"range=0..2"`
	EndsAt    uint32    `state:""` // the tick at which the phase ends; 0: when players come
	FragLimit uint16    `state:""` // kills that end a round
	Winner    game.Seat `state:""` // of the round before; 255: nobody, or a draw
}

// Phase is what the room is doing.
type Phase uint8

// The phases, in their order.
const (
	Waiting Phase = iota // for a second player; those who are there can walk and shoot, and nothing counts
	Playing
	Break // between two rounds: no shots
)

// Input is one step of what a player wants. At one sample a tick it is what their hands do during that tick.
type Input struct {
	MoveX  int8    `state:"range=-127..127"` // right is positive; a longer vector than 127 is shortened to that
	MoveY  int8    `state:"range=-127..127"` // down is positive
	Aim    float32 `state:"angle,bits=10"`   // radians from the x axis towards the y axis
	Fire   bool    `state:""`
	Reload bool    `state:""`
}

// Arena is the rules with the state of one room.
type Arena struct {
	Fighters game.Table[Fighter] `state:"max=16"`
	Shots    game.Events[Shot]   `state:"max=16"`
	Match    game.Value[Match]
	Walls    game.Table[Wall] `state:"max=32"`
	Input    game.Inputs[Input]

	// What New worked out of the options. It never changes.
	options Options
	level   *level
	pace    Pace
	ticks   times
}

// times is the durations of the rules in ticks of the room.
type times struct {
	round, pause    uint32
	respawn, shield uint32
	cooldown        uint8
	reload          uint8
	rewind          uint32
	budget          uint8
}

// newTimes rounds down, but to no less than a tick.
func newTimes(o *Options) times {
	at := func(milliseconds int) uint32 { return uint32(max(1, milliseconds*o.TickRate/1000)) }
	return times{
		round:    at(o.RoundSeconds * 1000),
		pause:    at(5000),
		respawn:  at(2000),
		shield:   at(1500),
		cooldown: uint8(at(300)),
		reload:   uint8(at(1500)),
		rewind:   at(250), // a player with a slower connection must lead the target
		budget:   uint8(at(400)),
	}
}
