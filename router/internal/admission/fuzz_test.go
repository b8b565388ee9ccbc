package admission

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
)

// FuzzEntry: whatever the body of a request for a room, the answer is a problem of 4xx or claims that can be signed.
func FuzzEntry(f *testing.F) {
	f.Add(`{"game":"arena","room":"lobby-7","options":{"b":1,"a":[1e999,"\u202e"]},"player":{"guest":"K7QZABCDEFGHIJKLMNOPQRS","name":"Jo"},"role":"spectator"}`)
	f.Add(`{"game":"arena","private":true,"code":"abcdefgh234567ab"}`)
	f.Add(`{"game":"arena","game":""} {}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/v1/rooms", strings.NewReader(body))
		_, c, err := readEntry(httptest.NewRecorder(), r)
		if err != nil {
			p, ok := err.(*api.Problem)
			if !ok || p.Status/100 != 4 || len(p.Detail) > 1024 {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if len(c.Options) > 0 && !json.Valid(c.Options) || len(c.Options) > proto.MaxOptions || c.Game == "" || c.Role != ticket.Player && c.Role != ticket.Spectator {
			t.Fatalf("%q gives %+v", body, c)
		}
		if again, err := canonical(c.Options); err != nil || string(again) != string(c.Options) {
			t.Fatalf("options %s become %s, %v", c.Options, again, err)
		}
	})
}
