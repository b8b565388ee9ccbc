// Package replication is the links between game servers: one TCP connection for each pair and direction, dialled for the
// first request and kept. The dialler asks what the acceptor has of a room (Links.Query) and replicates rooms that it leads
// to the acceptor (Links.Open). All queries and rooms of the pair share the link.
//
// A link carries records as in package proto: kind (one byte), the body's length (uvarint), body. In a body, a string or
// byte slice is its length (uvarint) and its bytes; a flag is 0 or 1; an instance is u64 little endian; an epoch is instance,
// counter uvarint, server string; names are their number (uvarint, at most MaxOthers) and as many strings.
//
//	dialler                                     acceptor
//	   |                  TLS 1.3                       |  if the fleet has certificates; the dialler is TLS's server (handshake.go)
//	   |<==============================================>|
//	   | hello {versions, cluster, name, process, …}    |
//	   |----------------------------------------------->|
//	   | hello {…}                                      |
//	   |<-----------------------------------------------|
//	   | query {id, room …} …                           |
//	   |----------------------------------------------->|  Rooms.Query
//	   | answer {id, process, holding …} …              |
//	   |<-----------------------------------------------|
//	   | relay {id, target, room …}                     |                      target
//	   |----------------------------------------------->| forwarded {id, asker, room …} |
//	   |                                                |------------------------------>|  Rooms.Query
//	   | answer {id, …} or unanswered {id, why}         | answer {id, …}                |
//	   |<-----------------------------------------------|<------------------------------|
//	   | open {stream, room …} keyframe part part …     |
//	   |----------------------------------------------->|  Rooms.Offer, Replica.Keyframe
//	   | tick {stream, …} tick …                        |
//	   |----------------------------------------------->|  Replica.Tick
//	   | ack {stream, tick} …   ready {stream, waiting} |
//	   |<-----------------------------------------------|
//	   | final {stream, …}                              |
//	   |----------------------------------------------->|  Replica.Final
//	   | took {stream, epoch}                           |
//	   |<-----------------------------------------------|
//
// A stream may continue from a tick that the acceptor has already:
//
//	| open {stream, room …, base} tick tick …        |
//	|----------------------------------------------->|  Rooms.Offer, Replica.Tick
//	| need keyframe {stream}                         |
//	|<-----------------------------------------------|  only if it does not have the base; ticks are skipped until
//	| keyframe part part … tick …                    |
//	|----------------------------------------------->|  the keyframe
//
// Records of a link:
//
//	hello      newest and oldest version that this side speaks, u8 each, cluster string, name string, process uvarint (drawn
//	           when the process starts), link uvarint (counts the links that the process has dialled; 0 from the acceptor).
//	           Over TLS the name must be the one in the side's certificate. Both sides speak the newest common version. Later
//	           versions append fields, which older ones skip
//	refuse     text string: why the handshake ends here
//	ping       empty; a side that has sent nothing for an interval sends one
//
// Records of queries. A query's fields are room string, claim flag, lost instance, sought instance, instance, withdrawn epoch, leads epoch.
//
//	query      id uvarint, fields of the query
//	relay      id uvarint, target string, wait uvarint (ms), fields of the query: forward it to target
//	forwarded  id uvarint, asker string, fields of the query. It has no target, so it is not forwarded again
//	answer     id uvarint, process (server string, boot uvarint), holding u8, flags u8 (1 counted, 2 suspended, 4 announced), epoch, leader
//	           string, tick uvarint, sought uvarint, away uvarint (ms), age uvarint (ms)
//	unanswered id uvarint, code u8 (relay.go), text string: the relay has no answer of the target
//
// Records of streams begin with the stream's number, a uvarint that the dialler uses once per link. From the leader:
//
//	open       room string, game string, options bytes, schema bytes (state.Schema.AppendPeer), epoch, process uvarint (the
//	           leader's), others names (servers that may have a replica too), has base flag; if it has: base tick
//	           uvarint, epoch of its state
//	keyframe   tick uvarint, length of the public part uvarint, of the hidden part uvarint; replaces one that is not complete
//	part       the next bytes of the keyframe, public before hidden, to the record's end
//	tick       low 16 bits of the tick, little endian; public delta bytes; hidden delta, to the record's end
//	final      tick uvarint, epoch of the new leader, due uvarint (µs until the next tick), stay flag, others names, public delta
//	           bytes, hidden delta bytes, then to the end the inputs that wait: seat u8, input record as in package proto
//	handed     leader string, epoch: another server leads the room from the last tick on; ends the stream
//	update     epoch, counted flag (the leader has had an ack of this stream), others names, of the room from now on
//	probation  empty: the first tick after a takeover comes next
//	stop       reason string; ends the stream, and is answered with a reject
//
// From the standby:
//
//	ack            tick uvarint: this one and all before it are applied
//	ready          number of waiting clients uvarint
//	need keyframe  empty: it cannot continue from what it has
//	noted          empty: it has noted a probation
//	took           epoch in which it leads the room; ends the stream
//	reject         code u8, epoch, leader string, text string: it does not stand by, or no longer; ends the stream
//
// Records of unknown kind, and of streams that have ended, are skipped. Bytes that cannot be parsed close the connection that
// they came on, and nothing else.
package replication
