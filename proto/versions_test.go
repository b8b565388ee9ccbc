package proto

import "testing"

func TestCommonVersions(t *testing.T) {
	for _, c := range []struct {
		a, b, both Versions
		ok         bool
	}{
		{Versions{1, 1}, Versions{1, 1}, Versions{1, 1}, true},
		{Versions{2, 1}, Versions{1, 1}, Versions{1, 1}, true},
		{Versions{5, 2}, Versions{7, 4}, Versions{5, 4}, true},
		{Versions{5, 2}, Versions{3, 3}, Versions{3, 3}, true},
		{Versions{2, 2}, Versions{1, 1}, Versions{}, false},
		{Versions{9, 6}, Versions{5, 1}, Versions{}, false},
	} {
		for _, pair := range [][2]Versions{{c.a, c.b}, {c.b, c.a}} {
			if both, ok := pair[0].Common(pair[1]); ok != c.ok || ok && both != c.both {
				t.Errorf("%v and %v have %v in common (%v), want %v (%v)", pair[0], pair[1], both, ok, c.both, c.ok)
			}
		}
	}
}

func TestWhatThisBuildSpeaks(t *testing.T) {
	for _, version := range []uint8{Oldest, Version} {
		if !Spoken().Has(version) {
			t.Errorf("version %d is not spoken", version)
		}
	}
	for _, version := range []uint8{Oldest - 1, Version + 1} {
		if Spoken().Has(version) {
			t.Errorf("version %d is spoken", version)
		}
	}
}
