package session

import "testing"

// handTests are those of polled sockets, which are polled where they say so.
var handTests = map[string]func(t *testing.T){
	"Records":                  TestPolledRecords,
	"HandOverKeepsWhatWasRead": TestHandOverKeepsWhatWasRead,
	"Ping":                     TestPolledPing,
	"Arrival":                  TestPolledArrival,
	"BadInput":                 TestPolledBadInput,
	"ClientCloses":             TestPolledClientCloses,
	"HalfClosed":               TestPolledHalfClosed,
	"Silence":                  TestPolledSilence,
	"SlowClient":               TestPolledSlowClient,
	"CloseFromBothSides":       TestPolledCloseFromBothSides,
	"Descriptors":              TestPolledDescriptors,
	"TakeBackFails":            TestTakeBackFails,
	"Stop":                     TestPolledStop,
	"Flood":                    TestPolledFlood,
	"PollingAllocates":         TestPollingAllocatesNothing,
	"InputsCarryTheRoundTrip":  TestPolledInputsCarryTheRoundTrip,
}

// TestPolled runs the tests over sockets with connections that are polled once they have entered.
func TestPolled(t *testing.T) {
	for name, test := range socketTests {
		t.Run(name, test)
	}
}

// TestPolledTLS runs them, and those of polled sockets, with connections of TLS that are polled.
func TestPolledTLS(t *testing.T) {
	for _, tests := range []map[string]func(*testing.T){socketTests, handTests} {
		for name, test := range tests {
			t.Run(name, test)
		}
	}
}
