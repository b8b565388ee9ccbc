package state

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	workedFrame = regexp.MustCompile(`^frame (\d+) (public|own)$`)
	workedBytes = regexp.MustCompile(`^((?:[0-9a-f]{2} ?)+) +\S`)
	workedRow   = regexp.MustCompile(`^after frame (\d+): (\w+) (\d+): (.*)$`)
)

// TestWorkedDelta: the frames that STATE.md takes apart byte by byte are those of the golden stream, and give the values that it says.
func TestWorkedDelta(t *testing.T) {
	file, err := os.Open("STATE.md")
	must(t, err)
	defer file.Close()
	frames := makeGolden(t).Frames
	written := map[string]string{} // hex by "3 public"
	values := 0
	var at string
	inside := false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "## "):
			inside, at = line == "## A delta, byte by byte", ""
		case !inside:
		case workedFrame.MatchString(line):
			m := workedFrame.FindStringSubmatch(line)
			at = m[1] + " " + m[2]
			written[at] = ""
		case workedRow.MatchString(line):
			m := workedRow.FindStringSubmatch(line)
			n, _ := strconv.Atoi(m[1])
			for pair := range strings.SplitSeq(m[4], ", ") {
				field, value, _ := strings.Cut(pair, " ")
				if got := frames[n-1].Rows[m[2]][m[3]][field]; fmt.Sprint(got) != value {
					t.Errorf("%q says that %s is %s; it is %v", line, field, value, got)
				}
				values++
			}
			at = ""
		case at != "":
			m := workedBytes.FindStringSubmatch(line)
			if m == nil {
				t.Errorf("frame %s: line %q is not bytes and what they mean", at, line)
				continue
			}
			written[at] += strings.ReplaceAll(m[1], " ", "")
		}
	}
	if len(written) != 8 || values == 0 {
		t.Fatalf("STATE.md takes %d frames apart and gives %d values; want 8 and some", len(written), values)
	}
	for _, n := range []int{3, 4, 6, 13} {
		f := frames[n-1]
		for part, want := range map[string]string{"public": f.Public, "own": f.Own} {
			if got := written[fmt.Sprint(n, " ", part)]; got != want {
				t.Errorf("STATE.md writes frame %d %s as %s; it is %s", n, part, got, want)
			}
		}
	}
}

// TestSpanOfNothing: a field that has only one value is no field, so that a width is at least a byte.
func TestSpanOfNothing(t *testing.T) {
	for name, field := range map[string]string{
		"a fixed with top 0": "0a00" + "0000000000000000" + "000000000000f03f" + "00",
		"an angle of 0 bits": "0b0000",
		"a range of 5 to 5":  "06080a0a",
		"a string of 0":      "0d0000",
	} {
		b, err := hex.DecodeString("01010161000101" + "0178" + field + "00")
		must(t, err)
		if _, err := ParseSchema(b); err == nil {
			t.Errorf("a schema with %s is accepted", name)
		}
	}
	b, err := hex.DecodeString("01010161000101" + "0178" + "0608080a" + "00")
	must(t, err)
	if _, err := ParseSchema(b); err != nil {
		t.Errorf("a range of 4 to 5: %v", err)
	}
}
