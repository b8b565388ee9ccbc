// Package ownership decides who leads a room. A Machine is one room on one server: it is told what happened, and says what is to
// be done. It has no clock, lock, goroutine, socket or log, so that several of them can be joined in a test by a network that
// loses, delays and refuses. The registry carries its actions out.
//
// Rules of the machine:
//   - A server leads a room only as its home, after all others have said that they have nothing of it, or from a replica
//     whose leader is gone, or from a replica that its leader has handed the room to.
//   - Where a silent server may have the only copy of a room (Fleet.mayHide), the room is not created before that server is back or forgotten.
//     One that refuses is waited for as long as for a declaration of loss.
//   - A replica may be led from for LeaseTime after its stream was lost, and only if its leader waits for it: since its first tick,
//     or since the replica caught up. A stream renews the lease only once its leader has answered on it (Updated.Counted): what a link
//     carries may be older than the lease. The lease also runs while the leader has no quorum, if another standby may lead meanwhile. A
//     server that is still promoting its own replica renews nobody's lease. A leader announces outcomes without a standby's word only DetachTime after it has lost
//     that standby, and in an epoch above any in which the standby can lead, of which the other standbys have acknowledged a tick; a standby that a stream has reached counts, though it
//     has not answered.
//   - After a takeover, and after a resume where a standby is gone, nothing is announced before all servers have answered, or the
//     lease of one that has not is over. A server that went, however long ago, may have restarted behind a cut: it counts as one
//     that has not answered, unless it is the earlier leader, whose end is known.
//   - Lead.Fenced are those for which outcomes wait only because the lost leader may come back. Once a results store has the takeover, it
//     takes no outcome from that leader, so outcomes that go to the store need not wait for them.
//   - An epoch that is raised by fence may have outcomes that no replica of an earlier epoch has: nobody leads from such a one.
//   - A leader that was paused, or that had no quorum, asks all servers before its room ticks again. Of two leaders of an instance
//     the one that ticks keeps the room; it raises its epoch above that of a suspended one.
//   - Nobody leads from a replica while another instance is led and ticks: that one was created when all had said that they have nothing.
//     Of two leaders of different instances that both tick, the one that goes after the other (first) ends its room once it hears of the other.
//     An offered stream proves neither, because it may be old. A server that has another instance asks the others.
//   - After a handoff the old leader is a replica of the new one, so two servers can continue the room at any moment.
//   - Nothing is concluded from silence but by the part of the fleet that has the quorum; and what cannot be undone is concluded
//     from proof, or after the lease. Only that part declares a room lost, once it has asked every member twice, those that have just come
//     back too. A member that stays and answers nobody is waited for. No server records a loss before it is declared. A declared loss is
//     final: a server that is told of it ends its replica or suspended room of that instance. The record is in memory. If all servers that have it end
//     before a server comes back that a refusing firewall hid together with the room, that server continues a room that was declared lost.
//   - A view proves only the end of the process that it knew. Where a stream reaches a server that the view does not show, or a leader
//     names it, the server is there: the end in the view is that of an earlier process, until the view has shown the server again
//     (Machine.hasEnded). A server that has just got the quorum back first waits until its view shows which servers have restarted.
//
// What an event does in each role: the role that follows, if it changes, and the actions, without reports. The tests read this
// table. The replica is one of peer 0, and peer 1 has another; the leader has one standby, peer 0.
//
//	event                          | absent          | finding      | replica             | promoting       | leader
//	-------------------------------|-----------------|--------------|---------------------|-----------------|---------------------------
//	Wanted                         | →finding Ask    | -            | Ask                 | -               | -
//	Replies: nobody has it         | -               | Prepare      | -                   | -               | -
//	Replies: somebody is silent    | -               | →absent Turn | -                   | -               | -
//	Replies: another one leads     | -               | →absent Send | -                   | -               | -
//	Replies: an expired replica    | -               | →absent Send | -                   | -               | -
//	Prepared                       | -               | -            | -                   | →leader Lead    | -
//	Prepared, with an error        | -               | -            | -                   | →replica Ask    | -
//	Offered, earlier epoch         | →replica Accept | Reject       | Reject              | Reject          | Reject
//	Offered, same epoch            | →replica Accept | Reject       | Reject Accept       | Reject          | Reject
//	Offered, later epoch           | →replica Accept | Reject       | Reject Accept Send  | →replica Accept Send | →replica End Remove Accept
//	Offered, other instance        | →replica Accept | Reject       | Reject              | Reject          | Reject Ask
//	StreamLost                     | -               | -            | Ask                 | -               | -
//	StreamLost, an earlier process led | -           | -            | →absent Drop        | -               | -
//	StreamStopped                  | -               | -            | →absent Reject Drop | -               | -
//	Unfit                          | -               | -            | →absent Reject Drop | -               | -
//	Updated                        | -               | -            | -                   | -               | -
//	HandedTo                       | -               | -            | -                   | -               | -
//	Offer                          | -               | -            | →promoting Prepare  | -               | -
//	Announced                      | -               | -            | -                   | -               | -
//	StandbyLost                    | -               | -            | -                   | -               | -
//	StandbyLost, its process ended | -               | -            | -                   | -               | Remove Open Update
//	StandbyRejected, later epoch   | -               | -            | -                   | -               | →absent End Remove
//	MoveTo                         | MoveEnded       | MoveEnded    | MoveEnded           | MoveEnded       | HandOff
//	HandedOver                     | -               | -            | -                   | -               | →replica
//	Paused                         | -               | →absent Turn | -                   | -               | Suspend Ask
//	FleetChanged, no quorum        | -               | -            | -                   | -               | Suspend
//	Ended                          | -               | -            | -                   | -               | →absent Remove
//	ClientSaw                      | -               | -            | -                   | -               | Ask
//	Superseded                     | -               | -            | -                   | -               | →absent End Remove
//	Superseded, nobody is known    | -               | -            | -                   | -               | →absent End Remove
//	Superseded, earlier epoch      | -               | -            | -                   | -               | -
package ownership
