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
	s.put(appendOpen(nil, s.number, &s.open))
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
		number, tick, err := parseNumber(body, "ack")
		if err != nil {
			return err
		}
		if s := k.find(number, false); s != nil {
			s.events.Acked(proto.Tick(tick))
		}
	case kindReady:
		number, waiting, err := parseNumber(body, "ready")
		if err != nil {
			return err
		}
		if s := k.find(number, false); s != nil {
			s.events.Ready(int(waiting))
		}
	case kindNeedKeyframe:
		number, err := parseEmpty(body, "need keyframe")
		if err != nil {
			return err
		}
		if s := k.rewound(number); s != nil {
			s.events.NeedKeyframe()
		}
	case kindNoted:
		number, err := parseEmpty(body, "noted")
		if err != nil {
			return err
		}
		if s := k.find(number, false); s != nil {
			s.events.Probation()
		}
	case kindTook:
		number, epoch, err := parseTook(body)
		if err != nil {
			return err
		}
		if s := k.find(number, true); s != nil {
			s.events.Took(epoch)
		}
	case kindReject:
		number, rejection, err := parseReject(body)
		if err != nil {
			return err
		}
		if s := k.find(number, true); s != nil {
			s.events.Rejected(rejection)
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
