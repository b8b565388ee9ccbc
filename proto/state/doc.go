// Package state holds a room's state in typed tables and turns each tick's change into bytes.
//
// A game declares tables of plain structs; tags say how each field travels and who may see it. The leader's Store is
// bound to them by Open. At the end of a tick Commit quantises every row in place and finds what changed; the Append
// functions give the change (a delta) or everything (a keyframe), in three parts:
//
//	public   what everybody sees
//	own      what one seat alone sees: the owner fields of the rows it owns
//	secret   what only servers see: who owns what, owner and hidden fields, the rewind history
//
// Whoever follows starts with a keyframe and goes on with deltas. A follower with the same structs (a standby) has
// them filled and can go on as the leader, byte for byte; a follower without them (a client) is made by NewReplica from
// the schema that the welcome carries, and reads its rows with RowsOf. A server that runs another version of the game than
// the leader follows without structs too (NewMirror), and a store with its own structs then takes over what it has by the
// names of tables and fields (Store.Adopt).
//
//	leader    Begin → the game edits rows → Commit(tick) → AppendDelta, AppendOwnDelta, AppendSecretDelta, Append…Keyframe
//	standby   ApplyKeyframe, ApplySecretKeyframe, then ApplyDelta, ApplySecretDelta every tick
//	client    ApplyKeyframe, ApplyOwnKeyframe, then ApplyDelta, ApplyOwnDelta every tick
//
// # Tags
//
//	X     float32 `state:"range=0..1024,step=1/16"` // quantised; predicted linearly unless predict=none
//	Aim   float32 `state:"angle,bits=10"`           // radians, 0 to 2π, wraps
//	Power float32 `state:""`                        // as it is, 4 bytes
//	HP    uint8   `state:"range=0..100"`            // integers: clamped to the range, and as they are without
//	Fuel  int16   `state:"predict=linear"`          // an integer that mostly changes by the same amount
//	Ammo  uint8   `state:"owner"`                   // only to the seat that owns the row
//	Items [8]uint16 `state:"owner"`                 // an array of up to 64 bools or numbers; a delta has the elements that changed
//	Token string  `state:"hidden,max=40"`           // only to servers; strings are valid UTF-8, cut at max bytes
//	Y     float32 `state:"range=0..1024,step=1/16,rewind"` // also kept for Table.Past
//
// Every field needs a tag, since a field that did not travel would be lost when the room moves. Fields that change
// often belong first: the first six bits of a row's change mask fit into its first byte.
//
// STATE.md beside this file draws every byte. A Store belongs to one goroutine.
package state
