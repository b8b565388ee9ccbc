package proto

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
)

// The hello of a later client is read up to what is known, which is laid out as in the golden frames for ever.
func TestAHelloOfALaterVersionIsReadUpToWhatIsKnown(t *testing.T) {
	for _, name := range []string{"hello-ticket", "hello-resume"} {
		_, body, _, err := NextRecord(readHex(t, filepath.Join("testdata", name+".hex")))
		if err != nil {
			t.Fatal(err)
		}
		want, err := ParseHello(body)
		if err != nil {
			t.Fatal(err)
		}
		want.Versions.Newest = Version + 1
		body[0] = want.Versions.Newest
		for _, behind := range []string{"", "appended by later versions"} {
			if got, err := ParseHello(append(body[:len(body):len(body)], behind...)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s with %d bytes behind it: %+v (%v), want %+v", name, len(behind), got, err, want)
			}
		}
		for n := range body {
			if _, err := ParseHello(body[:n]); !errors.Is(err, ErrShort) {
				t.Errorf("%s: %d of %d bytes: error %v, want ErrShort", name, n, len(body), err)
			}
		}
	}
}

func TestOnlyTheVersionIsReadOfAWelcomeInAnother(t *testing.T) {
	for _, version := range []uint8{Oldest - 1, Version + 1} {
		got, err := ParseWelcome([]byte{version, 'n', 'e', 'w'})
		if want := (Welcome{Version: version}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v (%v), want %+v", got, err, want)
		}
	}
}
