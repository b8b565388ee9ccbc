// Hockey is the game server of air hockey at 60 ticks a second. Each client predicts its mallet and the puck.
package main

import "github.com/ringside-go/ringside/gameserver/server"

func main() { server.Main(Definition()) }
