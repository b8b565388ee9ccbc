package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDockerfile makes the image that the module's Dockerfile describes, and reads it as a container engine would.
func TestDockerfile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"router", "gameserver", "bot"} {
		if err := os.WriteFile(filepath.Join(dir, "out", program), []byte("I am "+program), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "image.tar")
	args := []string{"-f", "../../../Dockerfile", "-stage", "build=" + dir, "-t", "ringside:v1", "-arch", "arm64", "-o", file}
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(first, again) {
		t.Errorf("the same files give another image (%v)", err)
	}

	outer := untar(t, first)
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	unmarshal(t, outer["manifest.json"].content, &manifest)
	if len(manifest) != 1 || !slices.Equal(manifest[0].RepoTags, []string{"ringside:v1"}) || len(manifest[0].Layers) != 1 {
		t.Fatalf("manifest is %+v", manifest)
	}
	var image struct {
		Architecture, OS string
		Config           config
		Rootfs           struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	unmarshal(t, outer[manifest[0].Config].content, &image)
	layer := gunzip(t, outer[manifest[0].Layers[0]].content)
	checkLayout(t, outer)
	if want := "sha256:" + sum(layer); !slices.Equal(image.Rootfs.DiffIDs, []string{want}) {
		t.Errorf("layers are %v, want %s", image.Rootfs.DiffIDs, want)
	}
	if image.OS != "linux" || image.Architecture != "arm64" {
		t.Errorf("image is for %s/%s", image.OS, image.Architecture)
	}
	if user, _, _ := strings.Cut(image.Config.User, ":"); user == "" || user == "0" || user == "root" {
		t.Errorf("programs run as user %q", image.Config.User)
	}
	inner := untar(t, layer)
	for _, program := range []string{"router", "gameserver", "bot"} {
		f := inner["usr/bin/"+program]
		if string(f.content) != "I am "+program || f.Mode != 0o755 || f.Uid != 0 {
			t.Errorf("%s is %q with mode %o of user %d", program, f.content, f.Mode, f.Uid)
		}
	}
	if len(inner) != 5 { // with two folders
		t.Errorf("the layer has %d entries", len(inner))
	}
}

// A folder is copied with what is in it, from a stage or from the Dockerfile's own folder.
func TestFolders(t *testing.T) {
	dir, stage := t.TempDir(), t.TempDir()
	for file, text := range map[string]string{
		filepath.Join(dir, "Dockerfile"):             "FROM scratch\nCOPY --from=build /out/ /usr/bin/\nCOPY page /page/\n",
		filepath.Join(dir, "page/index.html"):        "index",
		filepath.Join(dir, "page/assets/game.js"):    "js",
		filepath.Join(stage, "out/gameserver"):       "server",
		filepath.Join(dir, "not-in-the-image/a.txt"): "",
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "image.tar")
	if err := run([]string{"-f", filepath.Join(dir, "Dockerfile"), "-stage", "build=" + stage, "-t", "mine:v1", "-o", file}); err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	outer := untar(t, image)
	var manifest []struct{ Layers []string }
	unmarshal(t, outer["manifest.json"].content, &manifest)
	got := map[string]string{}
	for name, f := range untar(t, gunzip(t, outer[manifest[0].Layers[0]].content)) {
		if f.Typeflag == tar.TypeReg {
			got[name] = string(f.content)
		}
	}
	want := map[string]string{"usr/bin/gameserver": "server", "page/index.html": "index", "page/assets/game.js": "js"}
	if !maps.Equal(got, want) {
		t.Errorf("the layer has %v, want %v", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "not FROM scratch"},
		{"FROM scratch\nFROM debian", "not FROM scratch"},
		{"FROM scratch\nRUN make", "line 2: RUN is not understood"},
		{"FROM scratch\nCOPY a b", "write COPY FILE... DIR/"},
		{"FROM scratch\nCOPY --chown=1 a b/", "write COPY FILE... DIR/"},
		{"FROM scratch\nCOPY --from=x /a /b", "COPY --from=STAGE FILE... DIR/"},
		{"FROM scratch\nENV A B", "one NAME=VALUE"},
		{"FROM scratch\nLABEL A=1 B=2\nENV A B=1", "one NAME=VALUE"},
		{"FROM scratch\nENTRYPOINT /usr/bin/router", "no shell"},
	} {
		if _, err := parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q gives %v, want %q", c.text, err, c.want)
		}
	}
}

func TestRunErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Dockerfile")
	if err := os.WriteFile(file, []byte("FROM scratch\nCOPY --from=build \\\n  /none /\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-o", "x"}, "name:tag"},
		{[]string{"-t", "a:b"}, "-o is missing"},
		{[]string{"-t", "a:b", "-o", "x", "-f", file}, "-stage build=DIR"},
		{[]string{"-t", "a:b", "-o", "x", "-f", file, "-stage", "build=" + t.TempDir()}, "no such file"},
	} {
		if err := run(c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v gives %v, want %q", c.args, err, c.want)
		}
	}
}

// checkLayout follows the OCI image layout from its index to every blob, whose sums and sizes must be right.
func checkLayout(t *testing.T, files map[string]entry) {
	t.Helper()
	type descriptor struct {
		MediaType, Digest string
		Size              int
		Annotations       map[string]string
	}
	read := func(d descriptor) []byte {
		content := files["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")].content
		if len(content) != d.Size || "sha256:"+sum(content) != d.Digest {
			t.Errorf("%s has %d bytes, the sum of which is %s", d.Digest, len(content), sum(content))
		}
		return content
	}
	var index struct{ Manifests []descriptor }
	unmarshal(t, files["index.json"].content, &index)
	if len(index.Manifests) != 1 || index.Manifests[0].Annotations["io.containerd.image.name"] != "docker.io/library/ringside:v1" {
		t.Fatalf("the index is %+v", index)
	}
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	unmarshal(t, read(index.Manifests[0]), &manifest)
	for _, d := range append(manifest.Layers, manifest.Config) {
		read(d)
	}
	var layout struct{ ImageLayoutVersion string }
	if unmarshal(t, files["oci-layout"].content, &layout); layout.ImageLayoutVersion != "1.0.0" || len(manifest.Layers) != 1 || len(files) != 6 {
		t.Errorf("the layout %+v has %d layers in %d files", layout, len(manifest.Layers), len(files))
	}
}

func gunzip(t *testing.T, b []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type entry struct {
	tar.Header
	content []byte
}

func untar(t *testing.T, b []byte) map[string]entry {
	t.Helper()
	all := map[string]entry{}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[h.Name] = entry{*h, content}
	}
}

func unmarshal(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", b, err))
	}
}
