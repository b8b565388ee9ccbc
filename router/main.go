// The stock router: the fleet's gateway, with the arena's pages. See package gateway.
package main

import (
	"github.com/ringside-go/ringside/clients/web"
	"github.com/ringside-go/ringside/router/gateway"
)

func main() { gateway.Main(web.Files()) }
