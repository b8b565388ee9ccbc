// Package release has no code: its tests hold deploy/release/build to what a release promises.
package release

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// copyModule copies the files that git knows, or would take, into a new folder, with a section of version in the changelog.
func copyModule(t *testing.T, version string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	shell(t, "../..", `git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$1" 2>/dev/null; true`, dir)
	file := filepath.Join(dir, "CHANGELOG.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	section := "## " + strings.TrimPrefix(version, "v") + " - 2026-01-02\n\nNotes of this version.\n\n## Unreleased"
	if err := os.WriteFile(file, bytes.Replace(text, []byte("## Unreleased"), []byte(section), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func shell(t *testing.T, dir, script string, args ...string) string {
	t.Helper()
	cmd := exec.Command("bash", append([]string{"-euc", script, "bash"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// A version that cannot be released says why, before anything is built.
func TestBuildRefuses(t *testing.T) {
	for version, want := range map[string]string{"": "VERSION is empty", "1.2.3": "write a version such as v1.2.3", "v9.9.9": `no section "## 9.9.9"`} {
		out, err := exec.Command("./build", version, t.TempDir()).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%q gives %v: %s; want %q", version, err, out, want)
		}
	}
}

// long skips a test unless make release-test runs it: it builds every program from an empty cache.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("RELEASE_TEST") == "" {
		t.Skip("make release-test runs this; it takes minutes")
	}
}

// The same sources give the same bytes, whatever folder they are in, and whether Go's cache is empty.
func TestReleaseIsReproducible(t *testing.T) {
	long(t)
	const version = "v1.2.3-rc.1"
	var sums []string
	for i, dir := range []string{copyModule(t, version), copyModule(t, version)} {
		out := t.TempDir()
		if i == 1 {
			t.Setenv("GOCACHE", t.TempDir())
		}
		shell(t, dir, `PLATFORMS=linux/amd64 PARTS="programs images chart sbom" deploy/release/build "$1" "$2"`, version, out)
		sums = append(sums, shell(t, out, "sha256sum --quiet -c SHA256SUMS; cat SHA256SUMS"))
		if notes, err := os.ReadFile(filepath.Join(out, "NOTES.md")); err != nil || strings.TrimSpace(string(notes)) != "Notes of this version." {
			t.Errorf("the notes are %q, %v", notes, err)
		}
		if said := shell(t, out, `tar xzf ringside_*_linux_amd64.tar.gz && ./gameserver -version && ./ringside --version`); strings.Count(said, version) != 2 {
			t.Errorf("the programs say they are %s", said)
		}
		var bom struct {
			BomFormat  string
			Components []struct{ Name string }
		}
		text, err := os.ReadFile(filepath.Join(out, "router_1.2.3-rc.1.cdx.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &bom); err != nil || bom.BomFormat != "CycloneDX" || !strings.Contains(string(text), "github.com/hashicorp/memberlist") {
			t.Errorf("the SBOM of router is %s with %d components, %v", bom.BomFormat, len(bom.Components), err)
		}
	}
	t.Log("\n" + sums[0])
	if sums[0] != sums[1] {
		t.Errorf("two builds differ:\n%s\n%s", sums[0], sums[1])
	}
	if n := strings.Count(sums[0], "\n"); n != 8 { // programs, image, chart, four SBOMs, notes
		t.Errorf("there are %d files", n)
	}
}

// A released version is installed from a module proxy, as go install does it for anybody.
func TestGoInstall(t *testing.T) {
	long(t)
	const path, version = "github.com/ringside-go/ringside", "v0.0.7"
	dir, proxy, bin := copyModule(t, version), t.TempDir(), t.TempDir()
	served := filepath.Join(proxy, path, "@v")
	if err := os.MkdirAll(served, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(served, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.CreateFromDir(f, module.Version{Path: path, Version: version}, dir); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{version + ".mod": mod, version + ".info": []byte(`{"Version":"` + version + `"}`), "list": []byte(version + "\n")} {
		if err := os.WriteFile(filepath.Join(served, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(context.Background(), "go", "install", path+"/deploy/ringside@"+version, path+"/clients/bot@"+version)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=-modcacherw", "GONOSUMDB="+path, "GONOPROXY=none", "GOPROXY=file://"+proxy+","+shell(t, ".", "printf %s \"$(go env GOPROXY)\""))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		os.RemoveAll(filepath.Join(strings.TrimSpace(shell(t, ".", "go env GOMODCACHE")), path+"@"+version))
	})
	if said := shell(t, bin, "./ringside --version; test -x bot"); !strings.Contains(said, version) {
		t.Errorf("ringside --version says %s", said)
	}
}
