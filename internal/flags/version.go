package flags

import (
	"cmp"
	"runtime/debug"
)

// maxVersion is the longest version that fits into the gossip, in bytes.
const maxVersion = 32

// version is set by the linker where a program is built for an image, whose sources have no history with them:
//
//	go build -ldflags "-X github.com/ringside-go/ringside/internal/flags.version=v1.2.3"
var version string

// Version is what -version prints: what the linker was told, else the commit that the program was built from, else the
// module's version. It is cut to what fits into the gossip, which the version of an untagged module does not.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return versionOf(version, info)
}

func versionOf(stamp string, info *debug.BuildInfo) string {
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value[:min(len(s.Value), 12)]
		}
	}
	v := cmp.Or(stamp, revision, info.Main.Version, "unknown")
	return v[:min(len(v), maxVersion)]
}
