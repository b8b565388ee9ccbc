// Noughts is the game server of noughts and crosses: a whole program for a turn-based game. ringside new DIR -template turns begins
// your own with it.
package main

import "github.com/ringside-go/ringside/gameserver/server"

func main() { server.Main(Definition()) }
