// Noughts is the game server of noughts and crosses: a whole program for a turn-based game. Copy this folder to begin your own.
package main

import "github.com/ringside-go/ringside/gameserver/server"

func main() { server.Main(Definition()) }
