package where

import (
	"strings"
	"testing"
)

func TestHold(t *testing.T) {
	room := map[string]any{"map": "ruins", "level": 5.0, "ranked": true}
	for text, want := range map[string]bool{
		"":                    true,
		"map=ruins":           true,
		"map=yard":            false,
		"map!=yard":           true,
		"map<z":               true,
		"level>=5":            true,
		"level>5":             false,
		"level<=5":            true,
		"level<10":            true, // numbers are no texts
		"level=five":          false,
		"ranked=true":         true,
		"ranked!=true":        false,
		"mode=ctf":            false,
		"mode!=ctf":           false,
		"map=ruins level<5":   false,
		"map=ruins level=5.0": true,
	} {
		c, err := Parse(strings.Fields(text))
		if err != nil || c.Hold(room) != want {
			t.Errorf("%q: %v, %v; want %v", text, c.Hold(room), err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"level":                         "as in level>=5",
		"=5":                            "as in level>=5",
		"level!5":                       `"!" is no operator`,
		"a=" + strings.Repeat("b", 200): "as in level>=5",
		strings.Repeat("a=1 ", 9):       "9 conditions, at most 8",
	} {
		if _, err := Parse(strings.Fields(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Parse([]string{"a=1", "a!1"}); err == nil {
		t.Error("a!1 is taken after a=1")
	}
}
