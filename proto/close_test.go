package proto

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var nextNames = map[Next]string{Stop: "stop", Resume: "resume", Router: "router", Ticket: "ticket", Follow: "follow"}

// PROTOCOL.md shows the same close codes as CloseCodes, one row each, in order.
func TestProtocolShowsCloseCodes(t *testing.T) {
	doc, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (4\d\d\d) \| .*$`).FindAllString(string(doc), -1)
	var want []string
	for code, i := range CloseCodes {
		want = append(want, fmt.Sprintf("| %d | %s | %s | %s |", uint16(code), i.Name, nextNames[i.Next], i.Text))
	}
	slices.Sort(want)
	if !slices.Equal(rows, want) {
		t.Errorf("PROTOCOL.md has\n%s\nCloseCodes has\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
}

func TestCloseCodesFitTheWire(t *testing.T) {
	names := map[string]bool{}
	for code, i := range CloseCodes {
		if code < 4000 || code > 4999 {
			t.Errorf("%v is outside 4000 to 4999", code)
		}
		if len(i.Text) > MaxText || i.Text == "" {
			t.Errorf("%v: the text has %d bytes, 1 to %d are allowed", code, len(i.Text), MaxText)
		}
		if names[i.Name] {
			t.Errorf("two codes are named %q", i.Name)
		}
		names[i.Name] = true
	}
	if got := CloseFull.String(); got != "4008 full" {
		t.Errorf("CloseFull is %q", got)
	}
	if got := CloseCode(4999).String(); got != "4999" {
		t.Errorf("an unknown code is %q", got)
	}
}

func TestRefusal(t *testing.T) {
	var r *Refusal
	if err := error(Refuse(CloseGame, "game %q is unknown", "chess")); !errors.As(err, &r) || r.Code != CloseGame ||
		err.Error() != `game "chess" is unknown` {
		t.Errorf("refusal is %v", err)
	}
	if got := (&Refusal{Code: CloseFull}).Error(); got != CloseCodes[CloseFull].Text {
		t.Errorf("a refusal without text says %q", got)
	}
}
