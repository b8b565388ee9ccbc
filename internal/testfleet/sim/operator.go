package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

const (
	operatorIP    = "10.0.3.1"
	operatorToken = "the operator's token"
	// operatorPatience bounds one request: a move may take 8 s.
	operatorPatience = 10 * time.Second
)

// operator sends requests to servers, as the one who runs the fleet does.
type operator struct{ http *http.Client }

func newOperator(host *simnet.Host) *operator {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		return host.DialContext(ctx, addr)
	}, DisableKeepAlives: true}
	return &operator{&http.Client{Transport: transport, Timeout: operatorPatience}}
}

// move asks the server that leads room to hand it to another one, and returns when the request was answered. From any
// goroutine.
func (o *operator) move(room proto.RoomID, from, to *machine) error {
	body, err := json.Marshal(map[string]string{"server": to.name})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://%s:9002/v1/rooms/%s/move", from.ip, room), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+operatorToken)
	resp, err := o.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10)) // it is for the message alone
		return fmt.Errorf("moving %s to %s: %s: %s", room, to.name, resp.Status, answer)
	}
	return nil
}

// move hands room to another server, and fails the test if that is refused.
func (f *fleet) move(room proto.RoomID, to *machine) {
	f.t.Helper()
	if err := f.operator.move(room, f.leader(room), to); err != nil {
		f.t.Fatalf("SEED=%d: %v", f.seed, err)
	}
	f.history.note("%s was moved to %s", room, to.name)
}
