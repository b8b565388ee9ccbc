package results

import (
	"fmt"
	"time"
)

// seasons name the season of a time, and give the beginning of one that has a name.
var seasons = map[Season]struct {
	name  func(time.Time) string
	begin func(name string) (time.Time, error)
	want  string
}{
	Always:  {func(time.Time) string { return "all" }, func(string) (time.Time, error) { return time.Time{}, nil }, "all"},
	Yearly:  {layout("2006").name, layout("2006").begin, "a year such as 2026"},
	Monthly: {layout("2006-01").name, layout("2006-01").begin, "a month such as 2026-11"},
	Weekly:  {weekName, weekBegin, "a week such as 2026-W48"},
}

// season names the season of a time.
func (b Board) season(at int64) string { return seasons[b.Season].name(time.UnixMilli(at).UTC()) }

// Before names the season before one, which must be a season of the board; empty: there is none.
func (b Board) Before(season string) (before string, err error) {
	kind := seasons[b.Season]
	begin, err := kind.begin(season)
	if err != nil || kind.name(begin) != season {
		return "", fmt.Errorf("%w: board %s has no season %.40q; give %s", ErrRequest, b.Name, season, kind.want)
	}
	if b.Season == Always || begin.Year() <= 1 {
		return "", nil
	}
	return kind.name(begin.AddDate(0, 0, -1)), nil
}

// layout is a season that package time can write.
type layout string

func (l layout) name(t time.Time) string              { return t.Format(string(l)) }
func (l layout) begin(name string) (time.Time, error) { return time.Parse(string(l), name) }

func weekName(t time.Time) string {
	year, week := t.ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}

// weekBegin gives the Monday of a week. The fourth of January is always in week 1.
func weekBegin(name string) (time.Time, error) {
	var year, week int
	if _, err := fmt.Sscanf(name, "%4d-W%2d", &year, &week); err != nil {
		return time.Time{}, err
	}
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	return fourth.AddDate(0, 0, 7*(week-1)-(int(fourth.Weekday())+6)%7), nil
}
