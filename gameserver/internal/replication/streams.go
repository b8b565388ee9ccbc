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
			s.events.Acked(tick) // not by tell, which allocates
		}
	case kindReady:
		return on(kind, body, func(m *ready) error {
			return tell(k.find(m.stream, false), func(e StreamEvents) { e.Ready(int(m.waiting)) })
		})
	case kindNeedKeyframe:
		return on(kind, body, func(m *signal) error {
			return tell(k.rewound(m.stream), StreamEvents.NeedKeyframe)
		})
	case kindNoted:
		return on(kind, body, func(m *signal) error {
			return tell(k.find(m.stream, false), StreamEvents.Probation)
		})
	case kindTook:
		return on(kind, body, func(m *took) error {
			return tell(k.find(m.stream, true), func(e StreamEvents) { e.Took(m.epoch) })
		})
	case kindReject:
		return on(kind, body, func(m *reject) error {
			return tell(k.find(m.stream, true), func(e StreamEvents) { e.Rejected(m.Rejection) })
		})
	}
	return nil
}

// tell gives an event to a stream, unless that has ended.
func tell(s *Stream, event func(StreamEvents)) error {
	if s != nil {
		event(s.events)
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
