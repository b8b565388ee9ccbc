package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMutants(t *testing.T) {
	source := "package p\nimport \"x/1\"\nvar limit = 3\nfunc f(a, b int) bool { a++; return !(a < b) && true }\n"
	all, err := mutants("p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		got = append(got, m.String())
		if changed := m.apply([]byte(source)); len(changed) != len(source)-len(m.old)+len(m.new) || bytes.Equal(changed, []byte(source)) {
			t.Errorf("%v gives %q", m, changed)
		}
	}
	slices.Sort(got)
	want := []string{
		"p.go:3:13: 3 becomes 7", "p.go:4:26: ++ becomes --", "p.go:4:37: ! becomes ", "p.go:4:41: < becomes <=",
		"p.go:4:46: && becomes ||", "p.go:4:49: true becomes false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A package of its own, whose test knows one boundary of two: the other one survives, in the tested function and in one that no
// test calls, and what does not compile counts as nothing.
func TestSurvivorsAreListed(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles some programs")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const code = `package p

func within(n int) bool {
	switch {
	case n < 9:
		return n >= 1
	}
	return false
}

func name(s string) string { return s + "!" }

func unused(n int) bool { return n == 5 }
`
	for name, text := range map[string]string{
		"go.mod": "module example.com/p\n\ngo 1.26\n", "p.go": code,
		"p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestWithin(t *testing.T) {\n\tif !within(1) || within(0) || !within(8) || within(12) || name(\"a\") != \"a!\" {\n\t\tt.Fail()\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	var out strings.Builder
	if err := run(t.Context(), &out, []string{"."}, "HEAD", 0, 1); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	slices.Sort(got)
	want := []string{
		filepath.Join(dir, "p.go") + ":5:9: < becomes <=", filepath.Join(dir, "p.go") + ":13:36: == becomes !=", filepath.Join(dir, "p.go") + ":13:39: 5 becomes 11",
		"example.com/p: 7 of 8 mutants tried (seed 1): 4 noticed, 3 survive, 2 of them where no test goes",
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if now, err := os.ReadFile("p.go"); err != nil || string(now) != code {
		t.Errorf("the file was changed: %v\n%s", err, now)
	}
	if err := os.WriteFile("p_test.go", []byte("package p\n\nimport \"testing\"\n\nfunc TestNo(t *testing.T) { t.Fail() }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), &out, []string{"."}, "HEAD", 0, 1); err == nil || !strings.Contains(err.Error(), "must pass before") {
		t.Errorf("with tests that fail: %v", err)
	}
}
