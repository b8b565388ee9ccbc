package admission_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

func TestBadBodies(t *testing.T) {
	f := routertest.Start(t, nil, fake.FleetOf(1)...)
	long := strings.Repeat("x", 65)
	for _, tt := range []struct {
		body   string
		status int
		want   string
	}{
		{``, 400, "empty"},
		{`{"game":"arena"`, 400, "ends in the middle"},
		{`[]`, 400, "array"},
		{`"arena"`, 400, "string"},
		{`hello`, 400, "invalid character"},
		{`{"game":"arena"} {}`, 400, "more after"},
		{`{"game":"arena"} x`, 400, "invalid character"},
		{`{}`, 400, `"game"`},
		{`{"game":"","room":"a"}`, 400, `"game"`},
		{`{"game":7}`, 400, `field "game" cannot be a JSON number`},
		{`{"game":"my game"}`, 400, `"my game"`},
		{`{"game":"` + long[:33] + `"}`, 400, "33 characters"},
		{`{"game":"arena","room":"../etc"}`, 400, `"../etc"`},
		{`{"game":"arena","room":"` + long + `"}`, 400, "65 characters"},
		{`{"game":"arena","player":{"guest":"ann"}}`, 400, "the guest's secret has 3 characters"},
		{`{"game":"arena","player":{"guest":"` + long + `"}}`, 400, "65 characters"},
		{`{"game":"arena","player":{"name":"a\u0007b"}}`, 400, "U+0007"},
		{`{"game":"arena","player":{"name":"a\u202eb"}}`, 400, "U+202E at 1, a control, zero-width or bidirectional character; remove it"},
		{`{"game":"arena","player":{"name":"a\u200b"}}`, 400, "U+200B"},
		{`{"game":"arena","player":{"name":"` + long[:33] + `"}}`, 400, "33 characters"},
		{`{"game":"arena","player":"ann"}`, 400, `"player"`},
		{`{"game":"arena","options":[1]}`, 400, `field "options"`},
		{`{"game":"arena","options":{"x":"` + strings.Repeat("x", proto.MaxOptions) + `"}}`, 400, "1032 bytes, at most 1024"},
		{`{"game":"arena","role":"admin"}`, 400, `"admin"`},
		{`{"game":"arena","seats":4}`, 400, `"seats"`},
		{`{"game":"arena","options":{"x":"` + strings.Repeat("x", api.MaxBody) + `"}}`, 413, "65536 bytes"},
	} {
		fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", tt.body), tt.status, tt.want)
		if tt.status == 400 {
			fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", tt.body), tt.status, tt.want)
		}
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", `{"game":"arena","room":"a"}`), 400, `"room"`)
}

// Clients tell by the field of a problem whether a link is wrong, or the page.
func TestProblemsNameTheirField(t *testing.T) {
	f := routertest.Start(t, nil, fake.FleetOf(1)...)
	for body, want := range map[string]string{
		`{"game":"my game"}`:                        "game",
		`{"game":"arena","room":"a/b"}`:             "room",
		`{"game":"arena","code":"x"}`:               "code",
		`{"game":"arena","options":7}`:              "options",
		`{"game":"arena","player":{"guest":"ann"}}`: "player.guest",
		`{"game":"arena"`:                           "",
	} {
		p := struct{ Field, Detail string }{}
		b, _ := io.ReadAll(f.Call(t, "POST", "/v1/rooms", body).Body)
		if err := json.Unmarshal(b, &p); err != nil || p.Field != want {
			t.Errorf("%s: %s; want the field %q", body, b, want)
		}
	}
}
