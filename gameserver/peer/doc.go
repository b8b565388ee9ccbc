// Package peer is the links between game servers: one TCP connection for each pair and direction, dialled at the first
// request and kept. The dialler asks, the acceptor answers; many requests are in flight at once.
//
// A link is a stream of records as in package proto: kind (one byte), the body's length (uvarint), body. A string or a
// byte slice within a body is its length (uvarint) and its bytes.
//
//	dialler                                     acceptor
//	   | hello {version, cluster, name, nonce, schemas} |
//	   |----------------------------------------------->|
//	   | hello {…} proof {MAC}                          |
//	   |<-----------------------------------------------|
//	   | proof {MAC} claim {id, room} …                 |
//	   |----------------------------------------------->|
//	   | answer {id, holding, epoch, leader} …          |
//	   |<-----------------------------------------------|
//
//	hello   version u16 little endian, cluster string, name string, nonce 32 bytes, games uvarint, then for each game,
//	        sorted by name: name string, schema fingerprint u64 little endian
//	proof   HMAC-SHA256(cluster key, role ‖ dialler's hello record ‖ acceptor's hello record), 32 bytes
//	refuse  text string; why the handshake ends here
//	claim   id uvarint, room string
//	answer  id uvarint, holding u8, epoch counter uvarint, epoch server string, leader string
//	ping    empty; the dialler sends one every PingInterval, the acceptor answers with a ping
//
// Records of unknown kind are skipped. Bytes that cannot be read cost the connection they came on and nothing else.
package peer
