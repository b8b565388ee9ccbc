// Package web holds what a browser loads: the bundled pages and SDK, built by make web from the TypeScript beside this
// file and committed, so that no Node is needed to build a router.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files is the pages and what they load:
//
//	index.html          the arena, for /
//	fleet.html          the fleet, for /fleet
//	matches.html        ended matches, for /matches
//	leaderboard.html    the leaderboards, for /leaderboard
//	inspect.html        one room of any game, for /inspect/{room}
//	assets/arena.js     and .css; likewise for the other pages
//	assets/ringside.js  the SDK, for those who want it without a package manager; ringside-all.js has its other entries too
//
// Names do not change from build to build: serve them with an ETag and Cache-Control: no-cache.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only if "dist" were not a valid path
	}
	return files
}
