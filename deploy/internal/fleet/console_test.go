package fleet

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

func TestStreamPrefixesWholeLines(t *testing.T) {
	var out strings.Builder
	c := NewConsole(&out, false)
	a, b := c.Stream("game-1", 0), c.Stream("a-long-name", 1)
	for _, w := range []struct {
		s    *Stream
		text string
	}{{a, "one\ntw"}, {b, "other\n\n"}, {a, "o\n"}, {a, "cut off"}} {
		if n, err := w.s.Write([]byte(w.text)); n != len(w.text) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", w.text, n, err)
		}
	}
	a.Close()
	b.Close()
	want := "game-1   │ one\na-long-name │ other\na-long-name │ \ngame-1   │ two\ngame-1   │ cut off\n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
}

func TestStreamColours(t *testing.T) {
	var out strings.Builder
	c := NewConsole(&out, true)
	_, _ = c.Stream("a", 1).Write([]byte("x\n"))
	_, _ = c.Stream("b", 1+len(colours)).Write([]byte("y\n"))
	want := "\x1b[33ma        │ \x1b[0mx\n\x1b[33mb        │ \x1b[0my\n"
	if out.String() != want {
		t.Errorf("got %q; want %q", out.String(), want)
	}
}

func TestStreamCutsEndlessLines(t *testing.T) {
	var out strings.Builder
	s := NewConsole(&out, false).Stream("a", 0)
	for range 3 {
		_, _ = s.Write([]byte(strings.Repeat("x", maxLine/2)))
	}
	s.Close()
	lines := strings.Split(out.String(), "\n")
	prefix := len("a        │ ")
	if len(lines) != 3 || len(lines[0]) != prefix+maxLine || len(lines[1]) != prefix+maxLine/2 {
		t.Errorf("got %d lines", len(lines)-1)
	}
}

func TestStreamsDoNotMix(t *testing.T) {
	var out strings.Builder
	c := NewConsole(&out, false)
	var group sync.WaitGroup
	for i := range 4 {
		s := c.Stream(fmt.Sprint("p", i), i)
		group.Go(func() {
			for range 100 {
				_, _ = fmt.Fprintf(s, "line of %d\n", i)
			}
		})
	}
	group.Wait()
	counts := map[string]int{}
	for line := range strings.Lines(out.String()) {
		counts[line]++
	}
	for i := range 4 {
		if n := counts[fmt.Sprintf("p%d       │ line of %d\n", i, i)]; n != 100 {
			t.Errorf("process %d has %d whole lines of 100", i, n)
		}
	}
}

func TestColourful(t *testing.T) {
	env := func(value string) func(string) (string, bool) {
		return func(name string) (string, bool) { return value, name == "NO_COLOR" }
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if Colourful(file, env("")) {
		t.Error("a file gets colours")
	}
	device, err := os.Open(os.DevNull) // a character device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if !Colourful(device, env("")) || Colourful(device, env("1")) {
		t.Error("a terminal gets colours exactly if NO_COLOR does not say otherwise")
	}
}
