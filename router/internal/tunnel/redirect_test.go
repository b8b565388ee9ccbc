package tunnel_test

import (
	"testing"

	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

func TestRedirect(t *testing.T) {
	servers := fake.FleetOf(3)
	f := routertest.Start(t, nil, servers...)
	home, _ := f.Table.Fleet().Home("a-room")
	for _, query := range []string{"", "?a=1&b=%2Fx"} {
		c, resp := f.DialRoom(t, "/v1/rooms/a-room/connect"+query)
		want := home.URL + "/v1/rooms/a-room/connect" + query
		if c != nil || resp.StatusCode != 307 || resp.Header.Get("Location") != want {
			t.Errorf("got %s to %s; want 307 to %s", resp.Status, resp.Header.Get("Location"), want)
		}
	}
}
