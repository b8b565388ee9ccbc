package state

import "github.com/ringside-go/ringside/proto"

// world has a field of every type in every part, and a table of every kind.
type world struct {
	Fighters Table[fighter] `state:"max=5"`
	Many     Table[pebble]  `state:"max=200"`
	Hand     Table[card]    `state:"max=6,owner"`
	Traps    Table[trap]    `state:"max=70,hidden"`
	Plain    Table[plain]   `state:"max=3"`
	Match    Value[match]
	Deep     Value[deep]   `state:"hidden"`
	Shots    Events[shot]  `state:"max=4"`
	Notes    Events[note]  `state:"max=6,owner"`
	Traces   Events[trace] `state:"hidden"`
}

type fighter struct {
	X        float32    `state:"range=0..1024,step=1/16,rewind"`
	Y        float32    `state:"range=-10..10,step=0.01,rewind"`
	Cool     uint16     `state:"hidden"`
	Z        float64    `state:"range=-100..100,step=1/64"`
	Aim      float32    `state:"angle,bits=10"`
	Turn     float64    `state:"angle,bits=8"`
	HP       uint8      `state:"range=0..100"`
	Alive    bool       `state:"rewind"`
	VX       float32    `state:"owner,range=-5..5,step=1/32"`
	VY       float32    `state:"range=-5..5,step=1/32,owner"`
	Mood     float32    `state:"hidden,range=0..1,step=1/1000"`
	Fear     float32    `state:"hidden,range=0..1,step=1/1000,predict=none"`
	Ammo     int8       `state:"owner"`
	Target   proto.Seat `state:"owner"`
	Name     string     `state:"max=9"`
	Password string     `state:"hidden"`
	Raw      float32    `state:""`
	Score    int32      `state:""`
	Total    int64      `state:""`
	Mask     uint64     `state:""`
	Mark     uint64     `state:"range=3..900719925474099"`
	Step     int16      `state:"range=-300..3000,predict=linear"`
	Sum      uint32     `state:"owner,predict=linear"`
	Seen     proto.Tick `state:"hidden,rewind"`

	Board [9]uint8   `state:"range=0..2"`
	Items [5]uint16  `state:"owner"`
	Aims  [2]float32 `state:"angle,bits=12,rewind"`
	Way   [3]float64 `state:"hidden,range=-9..9,step=1/64"`
	Keys  [64]bool   `state:"owner"`
	Ids   [2]uint64  `state:""`
	Raws  [1]float32 `state:""`
}

type pebble struct {
	X     float32 `state:"range=0..64,step=1/4"`
	Color uint8   `state:"range=5..9"`
}

type card struct {
	Suit  uint8   `state:""`
	Lift  float32 `state:"range=0..8,step=1/8,rewind"`
	Trick int32   `state:"hidden"`
}

type trap struct {
	X float32 `state:"range=0..64,step=1/4"`
	N int16   `state:"rewind"`
}

type plain struct {
	A int8 `state:""`
}

type match struct {
	Phase uint8   `state:""`
	Clock float32 `state:"range=0..600,step=1/30"`
	Seed  uint64  `state:"hidden"`
	Won   [4]int8 `state:""`
}

type deep struct {
	Rand uint64 `state:""`
}

type shot struct {
	From proto.Seat `state:""`
	X    float32    `state:"range=0..1024,step=1/16"`
	Text string     `state:""`
	Hits [3]int8    `state:"range=-100..100"`
}

type note struct {
	N int32 `state:""`
}

type trace struct {
	N uint16 `state:""`
}
