package results

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// table writes standings as "1 ann 10, 2 bob 3".
func table(page Standings) (s string) {
	for n, row := range page.Rows {
		if n > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%d %s %.4g", row.Rank, row.Player, row.Score)
	}
	return s
}

func TestKeeps(t *testing.T) {
	for keep, want := range map[Keep][2]float64{
		Best: {10, 7},
		Sum:  {13, 7},
		Last: {3, -5},
		Elo:  {1016 - 17.469501528975505, 984 + 17.469501528975505}, // won, then lost as the favourite
	} {
		rows := map[boardKey]*boardRow{}
		b := Board{Name: "b", Game: "arena", Keep: keep}
		match := func(annPlace, bobPlace uint8, ann, bob int32) {
			b.apply(rows, &outcome.Outcome{Game: "arena", Results: []outcome.Result{
				{Player: "ann", Place: annPlace, Score: ann}, {Player: "bob", Place: bobPlace, Score: bob}, {Alias: "guest", Place: 9, Score: 100},
			}}, start.UnixMilli())
		}
		match(1, 2, 10, 7)
		if keep == Sum {
			match(1, 1, 3, 0)
		} else {
			match(2, 1, 3, -5)
		}
		b.apply(rows, &outcome.Outcome{Game: "chess", Results: []outcome.Result{{Player: "ann", Score: 1000}}}, start.UnixMilli())
		ann, bob := rows[boardKey{"b", "all", "ann"}], rows[boardKey{"b", "all", "bob"}]
		if len(rows) != 2 || ann.Matches != 2 || fmt.Sprintf("%.9f %.9f", ann.Score, bob.Score) != fmt.Sprintf("%.9f %.9f", want[0], want[1]) {
			t.Errorf("%s: ann has %v, bob %v, want %v", keep, ann, bob, want)
		}
	}
}

func TestSeasonNames(t *testing.T) {
	at := time.Date(2027, 1, 2, 0, 30, 0, 0, time.FixedZone("", 3600)).UnixMilli() // still the first in UTC
	for season, want := range map[Season]string{Always: "all", Yearly: "2027", Monthly: "2027-01", Weekly: "2026-W53"} {
		got := Board{Season: season}.season(at)
		if _, err := (Board{Season: season}).Before(got); got != want || err != nil {
			t.Errorf("season is %s, want %s; %v", got, want, err)
		}
	}
	for _, c := range []struct {
		season       Season
		name, before string
	}{
		{Always, "all", ""}, {Yearly, "2026", "2025"}, {Monthly, "2026-01", "2025-12"}, {Weekly, "2027-W01", "2026-W53"}, {Weekly, "2026-W48", "2026-W47"},
	} {
		if before, err := (Board{Season: c.season}).Before(c.name); before != c.before || err != nil {
			t.Errorf("before %s comes %s, %v; want %s", c.name, before, err, c.before)
		}
	}
	for season, names := range map[Season][]string{
		Always: {"", "ALL", "2026"}, Yearly: {"26", "2026-11", "year", "02026"}, Monthly: {"2026-13", "2026-1", "2026-00", "2026-11-01"},
		Weekly: {"2025-W53", "2026-W00", "2026-W54", "2026-W1", "2026-11", "2026-W48x", "'; --"},
	} {
		for _, name := range names {
			if _, err := (Board{Season: season}).Before(name); !errors.Is(err, ErrRequest) {
				t.Errorf("season %q: %v, want ErrRequest", name, err)
			}
		}
	}
}

// Players of one score share a rank, wherever a page begins, and pages neither repeat nor leave out anybody.
func TestTies(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		c.Boards = []Board{{"high", "arena", Best, Always, false}, {"low", "arena", Best, Always, true}, {"elo", "arena", Elo, Always, false}}
		s := open(t, at, c)
		o := &outcome.Outcome{Instance: 5, Match: 1, Room: "r", Game: "arena"}
		for seat, score := range []int32{4, 7, 7, 7, 9} {
			o.Results = append(o.Results, outcome.Result{Seat: uint8(seat), Player: fmt.Sprint("p", seat), Alias: "a", Place: 1, Score: score})
		}
		put(t, s, entry(t, o, 1))
		for _, c := range []struct {
			board, around string
			limit         int
			want          string
		}{
			{"high", "", 10, "1 p4 9, 2 p1 7, 2 p2 7, 2 p3 7, 5 p0 4"},
			{"high", "p3", 2, "2 p2 7, 2 p3 7"},
			{"high", "p0", 1, "5 p0 4"},
			{"low", "", 10, "1 p0 4, 2 p3 7, 2 p2 7, 2 p1 7, 5 p4 9"},
			{"low", "p1", 2, "2 p2 7, 2 p1 7"},
			{"low", "p4", 1, "5 p4 9"},
			{"elo", "", 3, "1 p0 1000, 1 p1 1000, 1 p2 1000"}, // all drew
		} {
			page, err := s.Standings(context.Background(), c.board, "", c.around, c.limit)
			if err != nil || table(page) != c.want {
				t.Errorf("%s around %q: %q, %v; want %q", c.board, c.around, table(page), err, c.want)
			}
		}
	})
}

// Histories and boards count players who had left before the match ended.
func TestPlayersWhoLeft(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		c.Boards = []Board{{"sum", "arena", Sum, Always, false}}
		s := open(t, at, c)
		o := decided(5, 1, 7)
		for n, id := range []string{"kim", "lee"} {
			o.Results = append(o.Results, outcome.Result{Seat: uint8(proto.NoSeat), Player: id, Alias: id, Place: 3, Score: int32(5 - n)})
		}
		put(t, s, entry(t, o, 1))
		page, err := s.Standings(context.Background(), "sum", "", "", 10)
		if want := "1 ann 7, 2 kim 5, 3 lee 4, 4 bob 1"; err != nil || table(page) != want {
			t.Errorf("%q, %v; want %q", table(page), err, want)
		}
		if list, err := s.Player(context.Background(), "lee", 0, 10); err != nil || len(list) != 1 {
			t.Errorf("lee's history is %v, %v", list, err)
		}
	})
}

// Cursors and matches that do not fit into 32 bits signed are numbers like others.
func TestLargeNumbers(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		s := open(t, at, c)
		put(t, s, entry(t, decided(5, 1, 7), 1), entry(t, decided(5, math.MaxUint32, 7), 1))
		ctx := context.Background()
		for what, read := range map[string]func() ([]Stored, error){
			"history":         func() ([]Stored, error) { return s.Player(ctx, "ann", math.MaxInt64, 1) },
			"room":            func() ([]Stored, error) { return s.Room(ctx, "room-5", math.MaxUint32, 0, 10) },
			"room, backwards": func() ([]Stored, error) { return s.RoomBefore(ctx, "room-5", math.MaxUint32, math.MaxInt64, 10) },
			"room, all of it": func() ([]Stored, error) { return s.RoomBefore(ctx, "room-5", 0, math.MaxInt64, 1) },
		} {
			if list, err := read(); err != nil || len(list) != 1 {
				t.Errorf("%s: %v, %v; want one", what, list, err)
			}
		}
	})
}

// Boards are what the history says, also after a rebuild, and an outcome that is sent again changes none.
func TestBoards(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, watch := settings()
		c.Boards = []Board{{"best", "arena", Best, Monthly, false}, {"sum", "arena", Sum, Always, false}, {"elo", "arena", Elo, Weekly, false},
			{"other", "chess", Sum, Always, false}, {"laps", "arena", Best, Always, true}, {"strokes", "arena", Sum, Yearly, true}}
		s := open(t, at, c)
		ctx := context.Background()
		var match uint32
		play := func(scores ...int32) {
			match++
			o := &outcome.Outcome{Instance: 5, Match: match, Room: "r", Game: "arena", Results: nil}
			for n, score := range scores {
				if score > 0 {
					o.Results = append(o.Results, outcome.Result{Seat: uint8(n), Player: fmt.Sprintf("p%02d", n), Alias: fmt.Sprintf("P%d.%d", n, match), Name: fmt.Sprint("Player ", n), Place: uint8(n + 1), Score: score})
				}
			}
			put(t, s, entry(t, o, 1), entry(t, o, 1))
			put(t, s, entry(t, o, 1))
		}
		play(5, 3, 1)
		play(4, 0, 9)
		watch.set(start.AddDate(0, 1, 0))
		play(0, 7, 7, 2)
		want := func(board, season, around string, limit int, want string) {
			t.Helper()
			list, err := s.Standings(ctx, board, season, around, limit)
			if err != nil || table(list) != want {
				t.Errorf("%s %s: %q, %v; want %q", board, season, table(list), err, want)
			}
		}
		check := func() {
			t.Helper()
			want("best", "2026-11", "", 10, "1 p02 9, 2 p00 5, 3 p01 3")
			want("best", "", "", 10, "1 p01 7, 1 p02 7, 3 p03 2")
			want("sum", "all", "", 10, "1 p02 17, 2 p01 10, 3 p00 9, 4 p03 2")
			want("sum", "", "p00", 2, "2 p01 10, 3 p00 9")
			want("best", "2026-12", "p02", 1, "1 p02 7")
			want("best", "2026-10", "", 10, "")
			want("other", "", "", 10, "")
			want("laps", "", "", 10, "1 p02 1, 2 p03 2, 3 p01 3, 4 p00 4")
			want("laps", "", "p01", 2, "2 p03 2, 3 p01 3")
			want("strokes", "2026", "", 10, "1 p03 2, 2 p00 9, 3 p01 10, 4 p02 17")
		}
		check()
		elo, err := s.Standings(ctx, "elo", "2026-W48", "", 10)
		if err != nil || len(elo.Rows) != 3 || elo.Season != "2026-W48" || elo.Previous != "2026-W47" {
			t.Fatalf("elo is %v, %v", elo, err)
		}
		if _, err := s.db.Exec("UPDATE board_rows SET score = 77, matches = 1"); err != nil { // somebody's mistake
			t.Fatal(err)
		}
		for _, b := range c.Boards {
			if err := s.Rebuild(ctx, b.Name); err != nil {
				t.Fatal(err)
			}
		}
		check()
		again, err := s.Standings(ctx, "elo", "2026-W48", "", 10)
		if err != nil || !reflect.DeepEqual(elo, again) {
			t.Errorf("elo was %v, is %v", elo, again)
		}
		if first := elo.Rows[0]; first.Alias == "" || first.Name == "" || first.Matches == 0 {
			t.Errorf("the first is %+v", first)
		}
	})
}

// Retention removes what is old, and nothing else: ids stay, so an old outcome is not taken again; readers that have not
// seen what is gone are told.
func TestRetention(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, watch := settings()
		c.Retention = 40 * 24 * time.Hour
		c.Boards = []Board{{"sum", "arena", Sum, Always, false}}
		s := open(t, at, c)
		ctx := context.Background()
		if err := s.AddEndpoint(ctx, "hook", 0); err != nil {
			t.Fatal(err)
		}
		first := entry(t, decided(5, 1, 3), 1)
		put(t, s, first)
		watch.set(start.AddDate(0, 1, 0)) // the end of December
		put(t, s, entry(t, decided(5, 2, 4), 1))
		if err := s.Maintain(ctx); err != nil {
			t.Fatal(err)
		}
		if list, err := s.After(ctx, 0, 10); err != nil || len(list) != 2 {
			t.Fatalf("after a month there are %v, %v", seqs(list), err)
		}
		watch.set(time.Date(2027, 1, 20, 0, 0, 0, 0, time.UTC))
		put(t, s, entry(t, decided(5, 3, 5), 1))
		for range 2 {
			if err := s.Maintain(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.After(ctx, 0, 10); !errors.Is(err, ErrExpired) {
			t.Errorf("a reader that has not seen what is gone: %v, want ErrExpired", err)
		}
		if list, err := s.After(ctx, 1, 10); err != nil || fmt.Sprint(seqs(list)) != "[2 3]" {
			t.Errorf("left are %v, %v", seqs(list), err)
		}
		if list, err := s.Player(ctx, "ann", 0, 10); err != nil || fmt.Sprint(seqs(list)) != "[3 2]" {
			t.Errorf("ann has %v, %v", seqs(list), err)
		}
		wantVerdicts(t, put(t, s, first, entry(t, decided(5, 1, 99), 1)), "stored 1, conflict 1")
		if list, err := s.Standings(ctx, "sum", "", "", 1); err != nil || table(list) != "1 ann 12" {
			t.Errorf("the board is %q, %v", table(list), err)
		}
		if err := s.Rebuild(ctx, "sum"); !errors.Is(err, ErrExpired) {
			t.Errorf("Rebuild answers %v, want ErrExpired", err)
		}
		if list, err := s.Claim(ctx, "hook", 10, time.Minute); err != nil || len(list) != 2 {
			t.Errorf("owed are %v, %v", list, err)
		}
	})
}

// Months have partitions of their own, made ahead, and otherwise when they are needed, whatever a clock says.
func TestNativePartitions(t *testing.T) {
	c, watch := settings()
	s := open(t, location(t, "postgres"), c)
	for n, when := range []time.Time{start, start.AddDate(0, 0, 2), start.AddDate(-3, 0, 0), start.AddDate(70, 0, 0)} {
		watch.set(when)
		put(t, s, entry(t, decided(proto.Instance(n+1), 1, 1), 1))
	}
	var names string
	err := s.db.QueryRow(`SELECT string_agg(DISTINCT tableoid::regclass::text, ' ' ORDER BY tableoid::regclass::text) FROM outcomes`).Scan(&names)
	if want := "outcomes_202311 outcomes_202611 outcomes_202612 outcomes_209611"; err != nil || names != want {
		t.Errorf("outcomes are in %s, %v; want %s", names, err, want)
	}
	if err := s.Maintain(context.Background()); err != nil {
		t.Fatal(err)
	}
	var ahead bool
	if err := s.db.QueryRow("SELECT to_regclass('player_results_209612') IS NOT NULL").Scan(&ahead); err != nil || !ahead {
		t.Errorf("the next month has no partition: %v", err)
	}
}
