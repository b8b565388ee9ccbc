// Package replication is the links between game servers: one TCP connection for each pair and direction, dialled at the first
// request and kept. The dialler asks what the acceptor has of a room (Claim), and leads rooms that the acceptor follows
// (Follow); many requests and all rooms of the pair share the link.
//
// A link is a stream of records as in package proto: kind (one byte), the body's length (uvarint), body. A string or a
// byte slice within a body is its length (uvarint) and its bytes; an epoch is counter uvarint, server string.
//
//	dialler                                     acceptor
//	   | hello {versions, cluster, name, process, …}    |
//	   |----------------------------------------------->|
//	   | hello {…} proof {MAC}                          |
//	   |<-----------------------------------------------|
//	   | proof {MAC}                                    |
//	   |----------------------------------------------->|  with a cluster key, all that follows is sealed (seal.go)
//	   | claim {id, room} …                             |
//	   |----------------------------------------------->|
//	   | answer {id, holding, epoch, leader, tick} …    |
//	   |<-----------------------------------------------|
//	   | follow {stream, room …} keyframe part part …   |
//	   |----------------------------------------------->|  Rooms.Follow, Copy.Keyframe
//	   | tick {stream, …} tick …                        |
//	   |----------------------------------------------->|  Copy.Tick
//	   | ack {stream, tick} …   ready {stream, waiting} |
//	   |<-----------------------------------------------|
//	   | final {stream, …}                              |
//	   |----------------------------------------------->|  Copy.Final
//	   | took {stream, epoch}                           |
//	   |<-----------------------------------------------|
//
//	hello    newest and oldest version that it speaks, u8 each, cluster string, name string, process uvarint (drawn when it
//	         started), link uvarint (counts those that the process has dialled; 0 from the acceptor), nonce 32 bytes. The newest
//	         version that both speak is spoken. Later versions append fields; who does not know them skips what follows.
//	proof    HMAC-SHA256(cluster key, role ‖ dialler's hello record ‖ acceptor's hello record), 32 bytes
//	refuse   text string; why the handshake ends here
//	claim    id uvarint, room string
//	answer   id uvarint, holding u8, standby u8 (1: the asker is), epoch, leader string, tick uvarint
//	ping     empty; either side sends one when it has said nothing for a while
//
// The records of a stream begin with its number, a uvarint that the dialler chose and uses once per link.
//
//	follow   room string, game string, options bytes, schema bytes (state.Schema.AppendPeer), epoch, boot uvarint (of the leader's process), others (servers that
//	         may have a copy too: a number, uvarint, and as many strings)
//	keyframe tick uvarint, length of the public part uvarint, of the secret part uvarint; replaces one that is on its way
//	part     the next bytes of the keyframe, public before secret, to the record's end
//	tick     low 16 bits of the tick, little endian; public delta bytes; secret delta, to the record's end
//	final    tick uvarint, epoch of the new leader, due uvarint (µs until the next tick), stay u8 (1: asked for), others,
//	         public delta bytes, secret delta bytes, then to the end inputs that wait: seat u8, input record as in package proto
//	stop     reason string; answered with a decline
//	ack      tick uvarint: this one and all before it are applied
//	ready    clients that wait uvarint
//	took     epoch in which the standby leads
//	decline  code u8, epoch, leader string, text string: the standby does not follow, or no longer
//
// Records of unknown kind are skipped, and so are those of streams that are over. Bytes that cannot be read cost the
// connection they came on and nothing else.
package replication
