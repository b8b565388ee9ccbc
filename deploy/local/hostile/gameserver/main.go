// Gameserver is a game server whose game breaks when a player says so, for the attacks on a fleet.
package main

import (
	"github.com/ringside-go/ringside/deploy/local/hostile"
	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/server"
)

func main() { server.Main(arena.Definition(), hostile.Definition()) }
