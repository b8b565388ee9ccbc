package peer

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// feed puts f on the link. false: the link has ended.
func (k *link) feed(f *Feed) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return false
	}
	k.stream++
	f.link, f.stream = k, k.stream
	if k.hello != nil {
		if r := f.links.id.differs(f.open.Game, k.hello); r != nil {
			f.over = true
			f.links.start(func() { f.events.Refused(*r) })
			return true
		}
	}
	k.feeds[f.stream] = f
	k.carry(1)
	f.put(appendFollow(nil, f.stream, &f.open))
	k.awake()
	return true
}

// differs says why a room of game g cannot be followed at the server of h; nil if it can.
func (id *identity) differs(g proto.GameName, h *hello) *Refusal {
	theirs, runs := h.Schemas[g]
	switch mine := id.schemas[g]; {
	case !runs:
		return &Refusal{Code: RefuseGame, Text: fmt.Sprintf("%s does not run game %s", h.Name, g)}
	case theirs != mine:
		return &Refusal{Code: RefuseGame, Text: fmt.Sprintf(
			"game %s has schema %016x on %s and %016x on %s; its rooms move only between servers of one build", g, mine, id.name, theirs, h.Name)}
	}
	return nil
}

// remove ends f; after it no event is told.
func (k *link) remove(f *Feed) {
	f.over, f.fed = true, false
	f.clear()
	delete(k.feeds, f.stream)
	k.carry(-1)
}

// find gives the feed of a stream; nil when it is over. last ends it.
func (k *link) find(stream uint32, last bool) *Feed {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.feeds[stream]
	if f != nil && last {
		k.remove(f)
	}
	return f
}

// admit checks the games of the feeds that were made while the link was dialled. Nothing of them was written yet.
func (k *link) admit(id *identity, h *hello) {
	k.mu.Lock()
	k.hello = h
	refused := make(map[*Feed]*Refusal)
	for _, f := range k.feeds {
		if r := id.differs(f.open.Game, h); r != nil {
			refused[f] = r
		}
	}
	for f := range refused {
		k.remove(f)
	}
	k.mu.Unlock()
	for f, r := range refused {
		f.events.Refused(*r)
	}
}

// end tells the feeds that the link is no more; after it, none can be put on it.
func (k *link) end(err error) {
	k.mu.Lock()
	k.ended = true
	feeds := slices.Collect(maps.Values(k.feeds))
	for _, f := range feeds {
		k.remove(f)
	}
	k.mu.Unlock()
	for _, f := range feeds {
		f.events.Lost(err)
	}
}

// told takes what standbys say.
func (k *link) told(kind proto.Kind, body []byte) error {
	switch kind {
	case kindAck:
		stream, tick, err := parseNumber(body, "ack")
		if err != nil {
			return err
		}
		if f := k.find(stream, false); f != nil {
			f.events.Acked(proto.Tick(tick))
		}
	case kindReady:
		stream, waiting, err := parseNumber(body, "ready")
		if err != nil {
			return err
		}
		if f := k.find(stream, false); f != nil {
			f.events.Ready(int(waiting))
		}
	case kindTook:
		stream, epoch, err := parseTook(body)
		if err != nil {
			return err
		}
		if f := k.find(stream, true); f != nil {
			f.events.Took(epoch)
		}
	case kindDecline:
		stream, refusal, err := parseDecline(body)
		if err != nil {
			return err
		}
		if f := k.find(stream, true); f != nil {
			f.events.Refused(refusal)
		}
	}
	return nil
}
