// Package ownership decides who leads a room. A Machine is one room on one server: it is told what happened, and says what is to
// be done. It has no clock, lock, goroutine, socket or log, so that several of them can be joined in a test by a network that
// loses, delays and refuses. The registry carries its actions out.
//
// Rules of the machine:
//   - A server leads a room only as its home, after all others have said that they have nothing of it, or from a replica
//     whose leader is gone, or from a replica that its leader has handed the room to.
//   - A replica may be led from for LeaseTime after its stream was lost. A leader goes on without a standby's word for outcomes
//     only DetachTime after it has lost that one.
//   - A leader that was paused, or that had no quorum, asks all who may have taken over before it goes on.
//   - After a handoff the old leader is a replica of the new one, so two servers can go on with the room at any moment.
//   - Nothing is concluded from silence but by the part of the fleet that has the quorum; and what cannot be undone is concluded
//     from proof, or after the lease.
package ownership
