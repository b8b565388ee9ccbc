package proto

import "fmt"

// Versions are protocol versions that a program speaks: all from Oldest to Newest.
type Versions struct{ Newest, Oldest uint8 }

// Spoken are the versions of this build.
func Spoken() Versions { return Versions{Version, Oldest} }

// Common gives the versions that both speak; they talk in the newest of them. ok is false when there is none.
func (v Versions) Common(w Versions) (both Versions, ok bool) {
	both = Versions{min(v.Newest, w.Newest), max(v.Oldest, w.Oldest)}
	return both, both.Oldest <= both.Newest
}

// Has reports whether version is one of them.
func (v Versions) Has(version uint8) bool { return v.Oldest <= version && version <= v.Newest }

func (v Versions) String() string {
	if v.Oldest == v.Newest {
		return fmt.Sprint(v.Newest)
	}
	return fmt.Sprintf("%d to %d", v.Oldest, v.Newest)
}
