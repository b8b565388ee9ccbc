package arena

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	for text, want := range map[string]Options{
		``:                DefaultOptions(),
		`{}`:              DefaultOptions(),
		`null`:            DefaultOptions(),
		`{"seats": 16}`:   {TickRate: 30, Seats: 16, RoundSeconds: 120, FragLimit: 15, Map: "crossfire"},
		`{"map": "yard"}`: {TickRate: 30, Seats: 8, RoundSeconds: 120, FragLimit: 15, Map: "yard"},
		`{"tick_rate": 10, "seats": 2, "round_seconds": 5, "frag_limit": 1}`:      {10, 2, 5, 1, "crossfire"},
		`{"tick_rate": 60, "seats": 16, "round_seconds": 900, "frag_limit": 100}`: {60, 16, 900, 100, "crossfire"},
	} {
		if got, err := ParseOptions(json.RawMessage(text)); got != want || err != nil {
			t.Errorf("%s gives %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                   `write a JSON object such as {"map": "yard"}`,
		`{"seats": 2`:          `write a JSON object`,
		`{"speed": 9}`:         `there is no option "speed"; there are frag_limit, map, round_seconds, seats, tick_rate`,
		`{"Seats": 2}`:         `there is no option "Seats"`,
		`{"seats": 1}`:         `seats is 1; it must be a whole number from 2 to 16`,
		`{"seats": 17}`:        `seats is 17; it must be a whole number from 2 to 16`,
		`{"seats": "8"}`:       `seats is "8"; it must be a whole number from 2 to 16`,
		`{"seats": 2.5}`:       `seats is 2.5; it must be a whole number`,
		`{"seats": null}`:      `seats is null; it must be a whole number`,
		`{"tick_rate": 9}`:     `tick_rate is 9; it must be a whole number from 10 to 60`,
		`{"tick_rate": 61}`:    `tick_rate is 61; it must be a whole number from 10 to 60`,
		`{"round_seconds": 4}`: `round_seconds is 4; it must be a whole number from 5 to 900`,
		`{"frag_limit": 0}`:    `frag_limit is 0; it must be a whole number from 1 to 100`,
		`{"map": "moon"}`:      `map is "moon"; it must be one of ["crossfire" "yard"]`,
		`{"map": 3}`:           `map is 3; it must be one of ["crossfire" "yard"]`,
		`{"seats": 1e99}`:      `seats is 1e99; it must be a whole number`,
	} {
		if _, err := ParseOptions(json.RawMessage(text)); !errors.Is(err, errOptions) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives the error %v, want %q in it", text, err, want)
		}
	}
}

func TestDefinitionPassesOptionsOn(t *testing.T) {
	_, s, err := Definition().New(json.RawMessage(`{"tick_rate": 20, "seats": 4}`))
	if err != nil || s.TickRate != 20 || s.Seats != 4 {
		t.Errorf("settings %+v, %v", s, err)
	}
	if _, _, err := Definition().New(json.RawMessage(`{"seats": 0}`)); err == nil {
		t.Error("no error for no seats")
	}
}

// FuzzParseOptions: the options that a stranger gives a room are within their limits, or refused.
func FuzzParseOptions(f *testing.F) {
	f.Add([]byte(`{"tick_rate":60,"seats":16,"map":"yard"}`))
	f.Add([]byte(`{"seats":1e1,"tick_rate":-0}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := ParseOptions(text)
		if err == nil && (o.TickRate < 10 || o.TickRate > 60 || o.Seats < 2 || o.Seats > 16 || o.RoundSeconds < 5 || o.RoundSeconds > 900 || o.FragLimit < 1 || o.FragLimit > 100) {
			t.Fatalf("%s gives %+v", text, o)
		}
		if _, known := levels[o.Map]; err == nil && !known {
			t.Fatalf("%s gives the map %q", text, o.Map)
		}
	})
}
