package obs

import (
	"net/http"
	"net/http/pprof"
	"runtime"
)

// memoryRate is one sample of the memory profile for so many bytes allocated, Go's default.
const memoryRate = 512 << 10

// Profiles serves the runtime's profiles below /debug/pprof/, for go tool pprof and go tool trace. They show nothing of the command
// line, in which a token may stand. The caller lets nobody but operators in.
func Profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/debug/pprof/cmdline", http.NotFoundHandler())
	return mux
}

// ProfileMemory says whether memory is profiled, which costs memory itself. The memory profile is of what was allocated since.
func ProfileMemory(on bool) {
	runtime.MemProfileRate = 0
	if on {
		runtime.MemProfileRate = memoryRate
	}
}
