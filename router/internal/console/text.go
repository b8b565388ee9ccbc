package console

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// pageRooms is how many rooms the text lists; GET /v1/fleet has more of them.
const pageRooms = 100

// pageEvents is how many of the newest events it lists.
const pageEvents = 20

// GetPage shows the fleet: browsers, which ask for HTML, get the page that shows it live, others get text.
func (c *Console) GetPage(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") && c.Page != nil {
		return c.Page(w, r)
	}
	var b strings.Builder
	c.describeTo(r).print(&b, c.Mode, time.Now())
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, strings.Map(shown, b.String()))
	return nil
}

// shown replaces what could rewrite a terminal or hide in a name. Names of rooms, games and errors come from other processes.
func shown(r rune) rune {
	if r != '\n' && !unicode.IsGraphic(r) {
		return unicode.ReplacementChar
	}
	return r
}

// print writes the members and the rooms as aligned tables.
func (d fleetDoc) print(w io.Writer, mode lookup.Mode, now time.Time) {
	fmt.Fprintf(w, "Ringside · %d members · %d rooms · %d players · view %d · %s mode · %s\n\n",
		len(d.Members), d.Totals.Rooms, d.Totals.Players, d.View, mode, now.UTC().Format("15:04:05 MST"))

	d.printMembers(w, now)
	if d.Summary {
		fmt.Fprintln(w, "Names, addresses and rooms are shown on the internal listener, and with the operators' token.")
		d.printEvents(w)
		return
	}

	d.printRooms(w)
	d.printEvents(w)
	for _, m := range d.Members {
		if m.Role == membership.GameServer && m.Error != "" {
			fmt.Fprintf(w, "\n%s does not answer: %s\n", m.Name, m.Error)
		}
	}
}

// printMembers writes the members, one a line.
func (d fleetDoc) printMembers(w io.Writer, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "MEMBER\tROLE\tSTATE\tROOMS\tPLAYERS\tBUSY\tUP\tVERSION\tZONE\tURL")
	for _, m := range d.Members {
		state := string(m.State)
		if m.Reachable != nil && !*m.Reachable {
			state += ", no answer"
		}
		if m.Suspended {
			state += ", suspended"
		}
		if m.Load != nil && m.Load.Waiting > 0 {
			state += fmt.Sprintf(", %d outcomes wait for the results store, %.0f s", m.Load.Waiting, m.Load.Oldest)
		}
		load := "-\t-\t-"
		if m.Load != nil {
			load = fmt.Sprintf("%d\t%d\t%d.%d %%", m.Load.Rooms, m.Load.Players, m.Load.Busy/10, m.Load.Busy%10)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.Name, m.Role, state, load,
			now.Sub(m.Since).Truncate(time.Second), orDash(m.Version), orDash(m.Zone), orDash(m.URL))
	}
	fmt.Fprintln(t)
	_ = t.Flush()
}

// printRooms writes the first rooms, one a line.
func (d fleetDoc) printRooms(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "ROOM\tGAME\tLEADER\tPLAYERS\tWATCHING\tMATCH\tTICK\tRATE\tLATE\tAGE")
	for _, r := range d.Rooms[:min(len(d.Rooms), pageRooms)] {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d/%d\t%d\t%d\t%d\t%d/s\t%d\t%s\n", r.Room, r.Game, r.Server, r.Connected, r.Seats,
			r.Spectators, r.Match, r.Tick, r.TickRate, r.Late, time.Duration(r.Age*float64(time.Second)).Truncate(time.Second))
	}
	_ = t.Flush()
	switch more := max(len(d.Rooms), d.Totals.Rooms) - pageRooms; {
	case len(d.Rooms) == 0:
		fmt.Fprintf(w, "\nNo rooms yet. Begin one with: go run ./clients/bot -router URL -rooms 3 -players 4 -for 30s\n")
	case more > 0:
		fmt.Fprintf(w, "… and %d more; GET /v1/server/rooms of each server lists its rooms\n", more)
	}
}

// printEvents writes the newest events, newest first.
func (d fleetDoc) printEvents(w io.Writer) {
	if len(d.Events) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "TIME\tEVENT\tWHAT\tFROM\tTO\tTOOK\tWHY")
	for i := len(d.Events) - 1; i >= max(0, len(d.Events)-pageEvents); i-- {
		e := d.Events[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.1f ms\t%s\n", e.Time.UTC().Format("15:04:05.000"), e.Kind, orDash(cmp.Or(string(e.Room), string(e.Member))),
			orDash(e.From), orDash(e.To), e.Took, orDash(e.Why))
	}
	_ = t.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
