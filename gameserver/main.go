// The stock game server: it runs the arena. A game of one's own has a main like this, with its own definition.
package main

import (
	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/server"
)

func main() { server.Main(arena.Definition()) }
