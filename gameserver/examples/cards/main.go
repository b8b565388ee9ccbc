// Cards is the game server of a trick-taking card game with hidden hands.
package main

import "github.com/ringside-go/ringside/gameserver/server"

func main() { server.Main(Definition()) }
