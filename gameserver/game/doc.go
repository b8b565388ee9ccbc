// Package game is what the author of a game sees of Ringside, and the pure core that runs the game.
//
// A game is a Go type with three kinds of fields: tables, which are its whole state; at most one Inputs field, which
// declares what a player may send; and what its New worked out of the room's options, which never changes again.
//
//	type Tag struct {
//		Runners game.Table[Runner] `state:"max=8"`
//		Round   game.Value[Round]
//		Input   game.Inputs[Input]
//	}
//
//	type Runner struct {
//		X, Y  float32 `state:"range=0..100,step=1/16"` // everybody sees where the runner is
//		Stamina uint8 `state:"owner"`                  // only the runner's player sees it
//	}
//
//	type Input struct {
//		Turn float32 `state:"angle,bits=8"`
//		Run  bool    `state:""`
//	}
//
// It has four methods, Start, Join, Leave and Tick, and a Definition that names it for the servers:
//
//	func (g *Tag) Tick(r *game.Room) {
//		for p := range r.Players() {
//			runner := g.Runners.Get(game.RowID(p.Seat))
//			for _, s := range g.Input.Of(p.Seat) {
//				runner.step(s.Value)
//			}
//		}
//	}
//
// There are three rules, and package gametest checks that a game keeps them, in one line:
//
//   - All that changes is in the tables. A room moves between servers by its tables alone, and a server that has only
//     them must go on exactly as the other would have. So no counters, maps or timers in other fields.
//   - The same inputs give the same result. No clock, no global random numbers (Room.Rand is there), no goroutines, no
//     order of a map.
//   - What a client sends is a wish. The server checks it: a sample's fields are in the ranges of their tags and nothing
//     more is known of them; how many come in a tick is bounded by proto.MaxSamplesPerTick, not by the game's time.
//
// A server checks each game's fields and tags when it starts, and says what to write. A table, or Inputs, behind a pointer or in a
// slice is an error, and so is a field with a state tag outside of a table's struct.
//
// Floating point is allowed in tables, since every commit rounds it to what the tag says. Between two commits, write
// float32(a*b) + c where a product is summed: without the conversion some processors round once and others twice. gametest.CheckRounding
// names the lines.
//
// A game that implements Admitter is asked before a player gets a seat, one that implements Messenger takes custom messages,
// one that implements Timed has timers, one that is a Worker asks the outside world, and one that is a Keeper gives results to
// players who have left.
// docs/cookbook.md has recipes.
//
// # When a room fails
//
// A room may fail; it takes no other room with it:
//
//   - A panic in a method ends the room. Its players get close code 4013, the log has the stack, and no other server takes the room
//     over. A panic in a goroutine, a stack overflow or a concurrent map write ends the process, which Go lets nobody prevent; the
//     server that takes its rooms over may end in the same way, and no third one.
//   - A method that does not return within 0.8 s, or a Migrate that does not within 5 s, counts as hung. The room ends like one that
//     panics, and the log has the stack of the place. Go cannot end the goroutine, so its core is lost: the server gives its other
//     rooms to other servers and wants to be restarted.
//   - A Tick that takes more than a quarter of the room's period is over the room's share. The room shares a goroutine with
//     others like it from then on, and its ticks come late or are left out. Tick is called as often as there is time, and each call is
//     one tick: time as the game counts it passes more slowly.
//   - A keyframe over MaxState ends the room at that tick, like a panic, and the log has the sizes of the largest tables. From half of it on
//     the log has a warning. The tick is not taken back: the game has acted on it. A game whose tables hold less, when all their rows
//     are used, cannot reach it.
//   - Room.Send returns an error when too much is sent in one tick. Nothing else happens.
//
// # Another version of a game
//
// A game's tables may change from one release to the next. While servers are replaced, those of the old release and of the new
// one share the rooms, and a room can go on with another version only if that one says so: Definition.Migrates has the
// fingerprints of the older versions that it takes over. What has the same name in both is carried over; for more than that
// the game is a Migrator. Without a word in Migrates, rooms of the old release stay with its servers, to the last of them.
// Clients read tables by the schema that a server sends, so a field that is added costs them nothing.
//
// Package arena beside it is a whole game to learn from.
package game
