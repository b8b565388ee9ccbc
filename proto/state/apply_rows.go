package state

import "github.com/ringside-go/ringside/proto"

// How a row comes and goes in each section.

func (t *table) bornPublic(_ *reader, r int) error {
	t.revive(r)
	return nil
}

func (t *table) gonePublic(r int) error {
	t.remove(r)
	return nil
}

// bornOwn makes row r the replica's own. Where rows are public it must live already.
func (t *table) bornOwn(_ *reader, r int) error {
	if t.part == Owner {
		t.revive(r)
	} else if !t.live.has(r) {
		return t.fault(r, -1, proto.ErrRange)
	}
	t.setOwner(r, self)
	return nil
}

func (t *table) dropOwn(r int) {
	if t.part == Owner {
		t.remove(r)
		return
	}
	t.setOwner(r, proto.NoSeat)
	t.clear(r, &t.groups[Owner])
}

func (t *table) goneOwn(r int) error {
	t.dropOwn(r)
	return nil
}

// bornSecret reads row r's owner and makes the row live where the public part does not do that.
func (t *table) bornSecret(in *reader, r int) error {
	seat := proto.Seat(in.byte())
	if in.err == nil && (!validOwner(seat) || t.part == Public && !t.live.has(r)) {
		in.fail(proto.ErrRange)
	}
	if in.err != nil {
		return t.fault(r, -1, in.err)
	}
	if t.part != Public {
		t.revive(r)
	}
	t.setOwner(r, seat)
	return nil
}

func (t *table) goneSecret(r int) error {
	if t.part == Public {
		return t.fault(r, -1, proto.ErrRange) // the public section says so
	}
	t.remove(r)
	return nil
}
