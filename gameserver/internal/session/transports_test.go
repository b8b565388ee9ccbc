package session

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Connections are of four kinds: of a socket or of TLS, read by a goroutine or in ticks (polled). Pipes stand for sockets of which
// no descriptor can be had. What the tests use is said by their names: Polled, TLS, PolledTLS.

// socketTests are those over sockets.
var socketTests = map[string]func(t *testing.T){
	"Handshake":               TestHandshake,
	"RouterOfAConnection":     TestRouterOfAConnection,
	"RefusedBeforeTheUpgrade": TestRefusedBeforeTheUpgrade,
	"BytesBehindTheUpgrade":   TestBytesBehindTheUpgradeRequest,
	"EnteredLimit":            TestEnteredLimit,
	"CloseReachesABusyClient": TestCloseReachesABusyClient,
	"CloseOfAFullSocket":      TestCloseOfAFullSocket,
	"CloseUnderLoad":          TestCloseUnderLoad,
	"FramesStayWhole":         TestFramesStayWhole,
	"ClientThatNeverReads":    TestClientThatNeverReads,
	"Reset":                   TestReset,
	"SendingAllocatesNothing": TestSendingAllocatesNothing,
	"ReadingAllocatesNothing": TestReadingAllocatesNothing,
}

// pipeTests are those over pipes, in bubbles.
var pipeTests = map[string]func(t *testing.T){
	"LingerIsBounded":                TestLingerIsBounded,
	"CloseText":                      TestCloseText,
	"SlowClientIsClosed":             TestSlowClientIsClosed,
	"TooManyEvents":                  TestTooManyEvents,
	"RecordsReachTheOccupant":        TestRecordsReachTheOccupant,
	"Ping":                           TestPing,
	"BadInput":                       TestBadInput,
	"FrameCutShort":                  TestFrameCutShort,
	"ClientCloses":                   TestClientCloses,
	"HelloTimeout":                   TestHelloTimeout,
	"Silence":                        TestSilence,
	"RateLimit":                      TestRateLimit,
	"PingsAreLimited":                TestPingsAreLimited,
	"OccupantRefusesInput":           TestOccupantRefusesInput,
	"EnterRefuses":                   TestEnterRefuses,
	"HelloIsAdmissionsToKeep":        TestHelloIsAdmissionsToKeep,
	"Stop":                           TestStop,
	"ThrottledClientReadsNoOldTicks": TestThrottledClientReadsNoOldTicks,
	"InputsCarryTheRoundTrip":        TestInputsCarryTheRoundTrip,
	"VersionsAreNegotiated":          TestVersionsAreNegotiated,
	"WaitingForTheRoom":              TestWaitingForTheRoom,
	"PrepareMovedAndClose":           TestPrepareMovedAndClose,
	"AWaitingClientIsSentOn":         TestAWaitingClientIsSentOn,
}

// TestTLS runs the tests over TLS, which goroutines read and write.
func TestTLS(t *testing.T) {
	for name, test := range socketTests {
		if !strings.Contains(name, "Allocates") {
			t.Run(name, test)
		}
	}
	for name, test := range pipeTests {
		t.Run(name, test)
	}
}

// secured reports whether t is of connections of TLS.
func secured(t testing.TB) bool { return strings.Contains(t.Name(), "TLS") }

// allocsOfRecord is what reading a record allocates: in crypto/tls, a reader of 24 bytes.
func allocsOfRecord(t testing.TB) float64 {
	if secured(t) {
		return 1
	}
	return 0
}

// testTLS is a server's. Session tickets would wait in a pipe for a client that reads nothing.
var testTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(50, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{
		Certificates:                []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
	}
})

func dialTLS(dial func() net.Conn) func() net.Conn {
	return func() net.Conn { return tls.Client(dial(), &tls.Config{InsecureSkipVerify: true}) }
}
