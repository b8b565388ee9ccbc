package replication

import (
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
	k.feeds[f.stream] = f
	k.carry(1)
	f.put(appendFollow(nil, f.stream, &f.open))
	k.awake()
	return true
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
