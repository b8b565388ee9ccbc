package webhook

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func startNATS(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	return s
}

// An outcome is in the stream once, however often it is sent, and sending goes on after the server was away.
func TestJetStream(t *testing.T) {
	dir := t.TempDir()
	s := startNATS(t, dir, -1)
	e := Endpoint{Name: "nats", URL: s.ClientURL() + "/outcomes.arena", Private: true}
	sender := newNATSSender(e)
	defer sender.close()
	m := message{"00c0ffee00c0ffee-3", time.Now(), []byte(`{"type":"outcome"}`)}
	if got := sender.send(t.Context(), m); got.ok || !strings.Contains(got.err, "no response from stream") {
		t.Errorf("without a stream: %+v", got)
	}
	stream := func() jetstream.Stream {
		conn, err := nats.Connect(s.ClientURL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		js, err := jetstream.New(conn)
		if err != nil {
			t.Fatal(err)
		}
		st, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "OUTCOMES", Subjects: []string{"outcomes.*"}, Storage: jetstream.FileStorage})
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	stream()
	for range 2 {
		if got := sender.send(t.Context(), m); !got.ok {
			t.Errorf("sent: %+v", got)
		}
	}
	port := s.Addr().String()
	s.Shutdown()
	s.WaitForShutdown()
	if got := sender.send(t.Context(), message{"00c0ffee00c0ffee-4", time.Now(), m.body}); got.ok {
		t.Error("sent without a server")
	}
	var number int
	fmt.Sscanf(port[strings.LastIndex(port, ":")+1:], "%d", &number)
	s = startNATS(t, dir, number)
	defer func() { s.Shutdown(); s.WaitForShutdown() }()
	eventually(t, "sending goes on", func() bool { return sender.send(t.Context(), message{"00c0ffee00c0ffee-4", time.Now(), m.body}).ok })
	st := stream()
	info, err := st.Info(t.Context())
	if err != nil || info.State.Msgs != 2 {
		t.Fatalf("the stream has %+v, %v; want 2 messages", info, err)
	}
	first, err := st.GetMsg(t.Context(), 1)
	if err != nil || first.Header.Get("Nats-Msg-Id") != m.id || string(first.Data) != string(m.body) || first.Subject != "outcomes.arena" {
		t.Errorf("the first message is %+v, %v", first, err)
	}
	e.Private = false
	refused := newNATSSender(e)
	defer refused.close()
	if got := refused.send(t.Context(), m); got.ok {
		t.Error("a private address was dialled")
	}
}
