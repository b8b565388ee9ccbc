package peer

import "github.com/ringside-go/ringside/proto"

// Feed is a leader's sending end of one room's stream to one standby.
type Feed struct{}

// Follow asks server, at host:port addr, to stand by for a room. It does not block; it dials if there is no link. What
// comes of it is told to ev, never during this call. A feed survives nothing: one that was lost or refused is made anew.
func (l *Links) Follow(server, addr string, o Open, ev FeedEvents) *Feed { return &Feed{} }

// QueueKeyframe queues the room's state after tick.
func (f *Feed) QueueKeyframe(tick proto.Tick, public, secret []byte) bool { return false }

// QueueTick queues one tick's delta.
func (f *Feed) QueueTick(tick proto.Tick, public, secret []byte) bool { return false }

// QueueFinal queues the handoff.
func (f *Feed) QueueFinal(last Final) bool { return false }

// Stop ends the stream.
func (f *Feed) Stop(reason string) {}

// Flush writes what was queued.
func (l *Links) Flush() {}
