package testfleet

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// An outcome goes from the room to the store and then to the player, with certificates and without. A long poll that waits for it gets
// it too. Strangers write nothing, and do not see who played.
func TestResults(t *testing.T) {
	for _, certificates := range []bool{false, true} {
		t.Run(fmt.Sprint("certificates=", certificates), func(t *testing.T) {
			f := Start(t, Options{Servers: 2, Results: true, Certificates: certificates})
			const room = "room"
			heard := make(chan proto.Outcome, 1)
			c := goclient.Config{URL: f.Servers[0].Connect(room), Ticket: f.Ticket(ticket.Claims{Room: room, Player: "ann"}),
				Events: goclient.Events{Outcome: func(_ *goclient.Client, o proto.Outcome) { heard <- o }}}
			ctx, cancel := context.WithTimeout(t.Context(), Patience)
			defer cancel()
			client, err := goclient.Dial(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = client.Run(context.Background())
			}()
			t.Cleanup(func() {
				client.Close()
				<-ended
			})
			polled := make(chan string, 1)
			go func() { polled <- f.read(t, "/v1/rooms/room/outcomes?wait=20s") }()
			if err := client.SendCustom([]byte("finish")); err != nil {
				t.Fatal(err)
			}
			select {
			case o := <-heard:
				if o.Match != 1 {
					t.Errorf("heard %+v", o)
				}
			case <-time.After(Patience):
				t.Fatal("the player has heard nothing")
			}
			var page struct {
				Outcomes []struct {
					Outcome struct {
						Match   uint32
						Results []struct{ Player, Alias string }
					}
				}
			}
			text := <-polled
			if err := json.Unmarshal([]byte(text), &page); err != nil || len(page.Outcomes) != 1 || page.Outcomes[0].Outcome.Match != 1 {
				t.Fatalf("the long poll got %s, %v", text, err)
			}
			if r := page.Outcomes[0].Outcome.Results; len(r) != 1 || r[0].Player != "" || r[0].Alias == "" {
				t.Errorf("strangers see %+v", r)
			}
			for _, base := range []string{f.Routers[0].URL, "http://" + f.Routers[0].Inside} {
				resp, err := http.Post(base+"/internal/v1/outcomes", "application/json", strings.NewReader(`{"entries":[]}`))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				// Without a token, the internal listener is open to this machine, since it is on loopback.
				if open := base != f.Routers[0].URL; (resp.StatusCode == http.StatusOK) != open {
					t.Errorf("%s answers a stranger %s", base, resp.Status)
				}
			}
		})
	}
}

// read gets a path of the first router.
func (f *Fleet) read(t *testing.T, path string) string {
	req, err := http.NewRequest(http.MethodGet, f.Routers[0].URL+path, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	var raw json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&raw); err != nil {
		t.Errorf("%s: %s, %v", path, resp.Status, err)
	}
	return string(raw)
}
