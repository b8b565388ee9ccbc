package replication

import (
	"maps"
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// add puts s on the link. false: the link has ended.
func (k *link) add(s *Stream) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return false
	}
	k.stream++
	s.link, s.number = k, k.stream
	k.streams[s.number] = s
	k.carry(1)
	s.put(encode(kindOpen, &opening{s.number, s.open}))
	k.awake()
	return true
}

// remove ends s; after it no event is told. What s has queued is written all the same.
func (k *link) remove(s *Stream) {
	s.over, s.current = true, false
	delete(k.streams, s.number)
	k.carry(-1)
}

// find gives a stream; nil when it has ended. last ends it.
func (k *link) find(number uint32, last bool) *Stream {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.streams[number]
	if s != nil && last {
		s.clear()
		k.remove(s)
	}
	return s
}

// end tells the streams that the link has ended; after it, none can be put on it.
func (k *link) end(err error) {
	k.mu.Lock()
	k.ended = true
	streams := slices.Collect(maps.Values(k.streams))
	for _, s := range streams {
		s.clear()
		k.remove(s)
	}
	k.mu.Unlock()
	for _, s := range streams {
		s.events.Lost(err)
	}
}

// told takes what standbys say.
func (k *link) told(kind proto.Kind, body []byte) error {
	switch kind {
	case kindAck:
		number, tick, err := parseAck(body)
		if err != nil {
			return err
		}
		if s := k.find(number, false); s != nil {
			s.events.Acked(tick)
		}
	case kindReady:
		var m ready
		if err := decode(kind, body, &m); err != nil {
			return err
		}
		if s := k.find(m.stream, false); s != nil {
			s.events.Ready(int(m.waiting))
		}
	case kindNeedKeyframe:
		var m signal
		if err := decode(kind, body, &m); err != nil {
			return err
		}
		if s := k.rewound(m.stream); s != nil {
			s.events.NeedKeyframe()
		}
	case kindNoted:
		var m signal
		if err := decode(kind, body, &m); err != nil {
			return err
		}
		if s := k.find(m.stream, false); s != nil {
			s.events.Probation()
		}
	case kindTook:
		var m took
		if err := decode(kind, body, &m); err != nil {
			return err
		}
		if s := k.find(m.stream, true); s != nil {
			s.events.Took(m.epoch)
		}
	case kindReject:
		var m reject
		if err := decode(kind, body, &m); err != nil {
			return err
		}
		if s := k.find(m.stream, true); s != nil {
			s.events.Rejected(m.Rejection)
		}
	}
	return nil
}

// rewound gives a stream after it was made to need a keyframe.
func (k *link) rewound(number uint32) *Stream {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.streams[number]
	if s != nil {
		s.current = false
	}
	return s
}
