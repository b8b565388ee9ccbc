package game_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
)

type pointedInput struct {
	mute
	Input *game.Inputs[probeInput]
}

type manyInputs struct {
	mute
	Input [2]game.Inputs[probeInput]
}

type taggedInput struct {
	mute
	Input game.Inputs[probeInput] `state:"max=4"`
}

type looseField struct {
	mute
	Round int32 `state:"hidden"`
}

type listOfTables struct {
	mute
	Teams []game.Table[probeRow]
}

type anyTables struct {
	mute
	Mode any
}

// What an author is likely to get wrong is refused before the first room, with what to write.
func TestStartSaysWhatToWrite(t *testing.T) {
	gives := func(g game.Game) func(json.RawMessage) (game.Game, game.Settings, error) {
		return func(json.RawMessage) (game.Game, game.Settings, error) {
			return g, game.Settings{TickRate: 1, Seats: 1}, nil
		}
	}
	for want, d := range map[string]game.Definition{
		"game name is empty":                                                                               {New: gives(&mute{})},
		"game bad: New is nil; write a function":                                                           {Name: "bad"},
		"game bad: New gave no game and no error; give a pointer to a struct":                              {Name: "bad", New: gives(nil)},
		"game bad: New gave a nil *game_test.mute; give a pointer to a new one":                            {Name: "bad", New: gives((*mute)(nil))},
		"field Input is a pointer to Inputs; give the field the struct itself":                             {Name: "bad", New: gives(&pointedInput{})},
		"field Input has several Inputs; a game has one, whose struct has all that a player sends":         {Name: "bad", New: gives(&manyInputs{})},
		`field Input has the tag state:"max=4"; an Inputs takes none, the fields of its struct do`:         {Name: "bad", New: gives(&taggedInput{})},
		`field Round has the tag state:"hidden" and is in no table, so it would be lost when the room`:     {Name: "bad", New: gives(&looseField{})},
		"listOfTables.Teams is a slice of tables, which would not be found in it; give each table a field": {Name: "bad", New: gives(&listOfTables{})},
		"anyTables.Mode is a pointer to tables, which would not be found behind it; give the field":        {Name: "bad", New: gives(&anyTables{Mode: &mute{}})},
	} {
		_, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: 1})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nwant %q in it", err, want)
		}
	}
}

// A room whose first keyframe nobody could be sent is not made.
func TestStartChecksTheKeyframe(t *testing.T) {
	d := game.Definition{Name: "large", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &large{}, game.Settings{TickRate: 1, Seats: 1}, nil
	}}
	_, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: 1})
	if err == nil || !strings.Contains(err.Error(), "game large: a new room has a keyframe of") {
		t.Errorf("error %v", err)
	}
}

type large struct {
	mute
	Walls game.Table[wall] `state:"max=4096"`
}

type wall struct {
	Text string `state:"max=250"`
}

func (l *large) Start(*game.Room) {
	for range l.Walls.Cap() {
		_, w := l.Walls.Add()
		w.Text = strings.Repeat("x", 250)
	}
}
