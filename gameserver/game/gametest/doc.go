// Package gametest checks in one line that a game keeps the promises on which rooms that move depend:
//
//	func TestKit(t *testing.T) {
//		gametest.Check(t, arena.Definition(), gametest.Options{Inputs: gametest.Random[arena.Input]()})
//	}
//
// It plays a room with players that join, leave, lose their connection, come back and send inputs late, twice and in
// bunches. Beside the room, the original, it keeps others that get the same calls, and compares all of them after every
// tick:
//
//   - a twin, started with the same seed: one seed has one result;
//   - rooms rebuilt from the original's keyframes, each of which then plays to the end: all state is in the tables;
//   - a standby, which applies deltas, takes over half way and plays on;
//   - a leader that hands over after a quarter, applies deltas as a standby from then on, and also takes over half way;
//   - a client for each seat, which follows the public part and its own: what is sent is enough to know what it should.
//
// The clock is moved by a day between the rooms, where the test is not in a synctest bubble already. Check also reports owner fields that no
// player ever got, and ticks over a room's share. Hall is a room to play by hand.
//
// CheckRounding finds what one machine cannot show: floats that another processor rounds otherwise.
//
// A failure names the seed, the tick and the first table, row and field that differ.
package gametest
