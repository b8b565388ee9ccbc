package console

import (
	"strings"
	"testing"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
)

func TestAliasesAreBoundedAndStable(t *testing.T) {
	var a aliases
	if one, two, again := a.of("a", membership.GameServer), a.of("b", membership.Router), a.of("a", membership.GameServer); one != "server 1" || two != "router 1" || again != one {
		t.Errorf("%s, %s, %s", one, two, again)
	}
	for i := range 3 * maxAliases {
		a.of(membership.ServerName(string(rune('A'+i%26))+strings.Repeat("x", i/26)), membership.GameServer)
	}
	if len(a.names) > maxAliases {
		t.Errorf("%d names are remembered", len(a.names))
	}
}

// A router that stops takes no more watchers.
func TestStoppedWatchTakesNobody(t *testing.T) {
	w := newWatch(obs.NewRouterMetrics(nil).Watchers, aboutRouter{}, nil)
	w.stop()
	if err := w.enter(); err == nil || !strings.Contains(err.Error(), "stopping") {
		t.Errorf("another watcher gets %v", err)
	}
}
