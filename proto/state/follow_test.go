package state

import (
	"errors"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// TestPublicAlone: a store with structs that is given the public part alone has zero in all other fields.
func TestPublicAlone(t *testing.T) {
	a, b := newRoom(t), newRoom(t)
	put := func(w *world) {
		*w.Fighters.Put(1) = fighter{X: 5, HP: 9, Ammo: 3, Cool: 7, Password: "x", Mood: 1}
		w.Fighters.SetOwner(1, 2)
	}
	b.step(1, []edit{put}) // what it held before is gone
	b.step(2, []edit{func(w *world) { w.Fighters.Remove(1) }})
	a.step(3, []edit{put})
	want := fighter{X: 5, HP: 9, Mark: 3}
	must(t, b.ApplyDelta(3, a.AppendDelta(nil)))
	if f := *b.Fighters.Get(1); f != want || b.Fighters.Owner(1) != proto.NoSeat {
		t.Errorf("by a delta: %+v of %d", f, b.Fighters.Owner(1))
	}
	b.step(4, []edit{put})
	must(t, b.ApplyKeyframe(3, a.AppendKeyframe(nil)))
	if f := *b.Fighters.Get(1); f != want || b.Fighters.Owner(1) != proto.NoSeat {
		t.Errorf("by a keyframe: %+v of %d", f, b.Fighters.Owner(1))
	}
}

// TestSectionsMustFit: a secret or own part that belongs to another public part is an error.
func TestSectionsMustFit(t *testing.T) {
	a, b := newRoom(t), newRoom(t)
	a.step(1, []edit{func(w *world) {
		w.Fighters.Put(1)
		w.Fighters.SetOwner(1, 2)
		w.Plain.Put(2)
		w.Plain.SetOwner(2, 2)
	}})
	b.step(1, nil)
	full, empty := a.frames(), b.frames()
	for _, c := range []struct{ public, secret *frames }{{&full, &empty}, {&empty, &full}} {
		h := newRoom(t)
		must(t, h.ApplyKeyframe(1, c.public.keyframe))
		if err := h.ApplySecretKeyframe(c.secret.secretKey); !errors.Is(err, proto.ErrRange) {
			t.Errorf("secret keyframe: %v", err)
		}
	}
	r, h := NewReplica(a.Schema()), newRoom(t)
	must(t, r.ApplyKeyframe(1, empty.keyframe))
	if err := r.ApplyOwnKeyframe(a.AppendOwnKeyframe(nil, 2)); !errors.Is(err, proto.ErrRange) {
		t.Errorf("own keyframe: %v", err)
	}
	must(t, r.ApplyDelta(2, empty.delta))
	if err := r.ApplyOwnDelta(a.AppendOwnDelta(nil, 2)); !errors.Is(err, proto.ErrRange) {
		t.Errorf("own delta: %v", err)
	}
	for what, secret := range map[string][]byte{
		"an owner that is no seat": {4, 1, 1, 64}, "a count of 0": {0x80, 1, 0}, "too many": {0x80, 1, 7},
		"a receiver that is no seat": {0x80, 1, 1, 254},
	} {
		s := newRoom(t)
		if err := s.ApplySecretDelta(secret); err == nil || !strings.HasSuffix(err.Error(), ": row 0: value is out of range") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, own := range map[string][]byte{"change": {1, 2, 8, 1}, "end": {1, 2, 3}} { // fighter 1
		r := NewReplica(a.Schema())
		must(t, r.ApplyKeyframe(1, full.keyframe))
		if err := r.ApplyOwnDelta(own); err == nil || err.Error() != "state: table fighters: row 1: value is out of range" {
			t.Errorf("%s of a row that is not one's own: %v", what, err)
		}
	}
	ended := newRoom(t)
	must(t, ended.ApplyKeyframe(1, full.keyframe))
	must(t, ended.ApplySecretKeyframe(full.secretKey))
	if err := ended.ApplySecretDelta([]byte{1, 2, 3}); err == nil || err.Error() != "state: table fighters: row 1: value is out of range" {
		t.Errorf("a public row's end in the secret part: %v", err)
	}
	must(t, h.ApplyDelta(1, empty.delta))
	if err := h.ApplySecretDelta(full.secret); !errors.Is(err, proto.ErrRange) {
		t.Errorf("secret delta: %v", err)
	}
}
