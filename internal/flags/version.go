package flags

import "runtime/debug"

// version is set by the linker where a program is built for an image, whose sources have no history with them:
//
//	go build -ldflags "-X github.com/ringside-go/ringside/internal/flags.version=v1.2.3"
var version string

// Version is what -version prints: what the linker was told, else the commit that the program was built from, else the
// module's version.
func Version() string {
	if version != "" {
		return version[:min(len(version), 32)] // more does not fit into the gossip
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 12)]
		}
	}
	return info.Main.Version
}
