// Package arena is the stock game: a top-down shooter for 2 to 16 players, and an example of how a game is written.
// Read it in this order:
//
//	state.go    the tables: what there is and who may see it; what a player sends
//	options.go  what a room can be asked to be
//	arena.go    the four methods of a game, and what a tick does in which order
//	round.go    a round's beginning, end and outcome
//	fighter.go  a fighter's life: spawn, walk, die
//	shot.go     aiming, turning back time for a slow connection, damage
//	move.go     one step of movement: a pure function, which clients run too
//	trace.go    walls and lines
//	maps.go     the maps
//
// # Units
//
// The world is 1024 units wide and high; a fighter is a square of 28 units for walls and a circle of 16 units radius
// for shots. Positions are kept in steps of 1/16 unit, "quanta", and all movement is computed in whole quanta: integers
// give the same result on every processor and in every language, and a fighter that moves steadily costs no bytes,
// since the codec predicts a position by the last displacement and is right to the last bit.
//
// # What a client must do to feel fast
//
// A client that wants to show its own fighter's move before the server's answer runs Move on the same state with the
// same sample: x, y, vx, vy in its own row, the walls, and Pace of the room's tick rate. testdata/move.json holds steps
// to check a port in another language with. When the answer comes, it starts from the answer and applies the samples
// above the processed number again.
//
// # Cheating
//
// The client's word counts for what its player wants and for what they saw, and for nothing else. A sample is one step of
// movement, and a fighter earns one step a tick, so that it does not matter how many samples come: sending more gains
// no speed. A fighter without samples stands still. Shots are counted by the server's ticks. What a player saw is
// believed for a quarter of a second.
package arena
