// Package proto is the wire between clients and game servers: messages, limits, close codes. PROTOCOL.md describes
// the same in words that suffice to write a client in another language. The package knows no socket and no clock.
//
// A WebSocket message is one or more records back to back:
//
//	+------+-----------------+----------------+------+-----------------+-------
//	| kind | length, uvarint | length B body  | kind | length, uvarint | ...
//	+------+-----------------+----------------+------+-----------------+-------
//
// The flow of messages, one bracket a WebSocket message:
//
//	client                                     server
//	  | ------------ [Hello] ------------------> |   within HelloTimeout, first and once
//	  | <-- [Welcome, OwnKeyframe, Keyframe] --- |   the seat, the schema, the whole state after tick T
//	  |                                          |
//	  | <-- [Own, Delta] ----------------------- |   what tick T+1 changed; the same Delta bytes for everyone
//	  | ------------ [Input] ------------------> |   one a tick, with all samples since the last
//	  | <-- [Own, Custom, Delta, Check] -------- |   T+2; Own.Processed acknowledges inputs
//	  | ------------ [Ping] -------------------> |
//	  | <-- [Pong] ----------------------------- |   whenever; events come as messages of their own
//	  | <-- [OwnKeyframe, Keyframe] ------------ |   instead of deltas that a slow client missed
//	  | <-- [Outcome] -------------------------- |
//	  |                                          |
//	  | <-- [Moved], close 4011 ---------------- |   go there with the resume token; or
//	  | <-- [Error], close 40xx ---------------- |   CloseCodes says what to do next
//
// A spectator gets no Own and no OwnKeyframe. Fixed integers are little-endian; a uvarint is LEB128 in its shortest form;
// a varint is a zigzag uvarint; a string is its length in bytes as uvarint, then UTF-8. Every message has one encoding
// only: Parse refuses all others, so that what was parsed can be appended again bit for bit.
//
// Append functions append the whole record. They trust their caller: a message over a limit is built and then refused
// by the other end, except texts, which are cut to MaxText. ParseX functions take a record's body, trust nobody, and
// return slices that alias the body.
package proto
