package gametest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// CheckRounding fails t for each line of the packages, by default that of the working directory, which is the one under test, where some
// processors round a float twice and others once: x*y + z, also over several statements and in inlined functions. A room that moves to a
// server of the other kind would then continue with other results. float32(x*y) + z is rounded twice everywhere.
//
// It reads what the compiler makes of the packages for arm64, so it finds the lines on any machine. The first time this compiles what they
// import for arm64, for some ten seconds. It does not look into functions of package math: Sin, Exp, Pow and their like may differ in the last bit
// from one processor to the other, which a commit rounds away unless the game decides by it before.
func CheckRounding(t testing.TB, packages ...string) {
	t.Helper()
	if len(packages) == 0 {
		packages = []string{"."}
	}
	for _, p := range packages {
		fused, err := fusedLines(t, p)
		if err != nil {
			t.Fatalf("gametest: %s: %v", p, err)
		}
		for _, line := range fused {
			t.Errorf("gametest: %s: some processors round this once and others twice: write float32(x*y), or float64, around each product that is summed", line)
		}
	}
}

// fusedInstruction is one line of the compiler's listing: a place, and an instruction that multiplies and adds.
var fusedInstruction = regexp.MustCompile(`\(([^()\n]+\.go):(\d+)\)\tFN?M(?:ADD|SUB)[SD]\t`)

// fusedLines gives the package's lines for which the compiler has such an instruction, with their text.
func fusedLines(t testing.TB, pkg string) (lines []string, err error) {
	dir, err := goList(t, nil, "-f={{.Dir}}", pkg)
	if err != nil {
		return nil, err
	}
	dir = strings.TrimSpace(dir)
	overlay, err := withoutServer(t, dir)
	if err != nil {
		return nil, err
	}
	var listing bytes.Buffer
	if _, err = goList(t, &listing, "-export", "-gcflags=-S", "-overlay="+overlay, pkg); err != nil {
		listing.Reset()
		if _, err = goList(t, &listing, "-export", "-gcflags=-S", pkg); err != nil {
			return nil, err
		}
	}
	for _, m := range fusedInstruction.FindAllSubmatch(listing.Bytes(), -1) {
		file, number := string(m[1]), string(m[2])
		if filepath.Dir(file) != dir {
			continue // it was inlined from elsewhere
		}
		text, err := sourceLine(file, number)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(text, "math.FMA(") { // which says what it does
			lines = append(lines, filepath.Base(file)+":"+number+": "+text)
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

// goList runs go list for arm64. What the compiler says goes to said.
func goList(t testing.TB, said *bytes.Buffer, args ...string) (string, error) {
	if said == nil {
		said = new(bytes.Buffer)
	}
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	cmd.Stderr = said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%v: %w: %s", cmd.Args, err, strings.TrimSpace(said.String()))
	}
	return string(out), nil
}

// sourceLine gives the text of a line, counted from 1.
func sourceLine(file, number string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(number)
	all := strings.Split(string(text), "\n")
	if err != nil || n > len(all) {
		return "", err
	}
	return strings.TrimSpace(all[n-1]), nil
}
