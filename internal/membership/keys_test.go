package membership

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"
)

// keyFile is the cluster keys of a member, which change while it runs.
type keyFile struct {
	mu   sync.Mutex
	keys [][]byte
}

func (f *keyFile) set(keys ...[]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys = keys
}

func (f *keyFile) get() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys
}

// The key of a fleet is replaced while it runs: added everywhere, used everywhere, the old one removed everywhere, each
// member in its own time. Nobody loses anybody, and at the end the old key opens nothing.
func TestKeyRotation(t *testing.T) {
	old, next := bytes.Repeat([]byte("old"), 10), bytes.Repeat([]byte("new"), 10)
	files := map[string]*keyFile{}
	prepare := func(name string, c *Config) {
		if files[name] == nil {
			files[name] = &keyFile{keys: [][]byte{old}}
		}
		c.Key, c.Keys = nil, files[name].get
	}
	names := []string{"n1", "n2", "n3", "n4"}
	inBubbleWith(t, "n1 n2 n3 n4", prepare, func(t *testing.T, s *simFleet) {
		whole := func(when string) {
			t.Helper()
			for _, name := range names {
				if v := s.members[name].View(); len(v.Members) != len(names) || !v.Quorum {
					t.Errorf("%s: %s sees %d members, quorum %v", when, name, len(v.Members), v.Quorum)
				}
			}
		}
		for _, step := range [][][]byte{{old, next}, {next, old}, {next}} {
			for _, name := range names {
				files[name].set(step...)
				time.Sleep(keyInterval + 3*time.Second) // the others have the step before for long
				whole(name)
			}
			// A change of a member reaches all, so gossip and streams go on.
			s.members["n2"].Update(func(m *Member) { m.Weight++ })
			want := s.members["n2"].View().Self.Weight
			for _, name := range names {
				s.await(name, 5*time.Second, func(v *View) bool {
					m, ok := v.Find("n2")
					return ok && m.Weight == want
				})
			}
		}
		s.mu.Lock()
		if len(s.lost) > 0 {
			t.Errorf("members were lost: %v", s.lost)
		}
		s.mu.Unlock()
		// A member with the old key stays outside, one with the new key comes in.
		files["n5"], files["n6"] = &keyFile{keys: [][]byte{old}}, &keyFile{keys: [][]byte{next}}
		s.start("n5")
		s.start("n6")
		s.await("n1", 5*time.Second, func(v *View) bool { _, ok := v.Find("n6"); return ok })
		if v := s.members["n5"].View(); len(v.Members) != 1 {
			t.Errorf("with the old key n5 sees %d members", len(v.Members))
		}
	})
}

func TestUseKeys(t *testing.T) {
	secret := func(b byte) []byte { return bytes.Repeat([]byte{b}, minKey) }
	ring, err := newKeyring([][]byte{secret(1), secret(2), secret(3)})
	if err != nil {
		t.Fatal(err)
	}
	has := func(want ...byte) {
		t.Helper()
		var secrets [][]byte
		for _, b := range want {
			secrets = append(secrets, secret(b))
		}
		keys, _ := gossipKeys(secrets)
		if got := ring.GetKeys(); !slices.EqualFunc(got, keys, bytes.Equal) {
			t.Errorf("the ring has %x, want %x", got, keys)
		}
	}
	has(1, 2, 3)
	for _, want := range [][]byte{{1, 2, 3}, {2, 1, 3}, {4, 2}, {2}, {2, 5}, {6}} {
		var secrets [][]byte
		for _, b := range want {
			secrets = append(secrets, secret(b))
		}
		if _, err := useKeys(ring, secrets); err != nil {
			t.Fatal(err)
		}
		has(want...)
		if changed, err := useKeys(ring, secrets); changed || err != nil {
			t.Errorf("the same keys again: %v, %v", changed, err)
		}
	}
	for _, bad := range [][][]byte{nil, {[]byte("short")}, {secret(7), nil}} {
		if _, err := useKeys(ring, bad); err == nil {
			t.Errorf("%q are taken", bad)
		}
		has(6)
	}
	// The derived key is the cluster key's only for gossip.
	if bytes.Contains(bytes.Join(ring.GetKeys(), nil), secret(6)) {
		t.Error("gossip uses the cluster key itself")
	}
}
