package flags

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

func parse(t *testing.T, env []string, args ...string) (mode string, wait time.Duration, seeds List, err error) {
	t.Helper()
	fs := flag.NewFlagSet("router", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&mode, "mode", "redirect", "")
	fs.DurationVar(&wait, "drain-wait", time.Second, "")
	fs.Var(&seeds, "seeds", "")
	err = Parse(fs, args, env)
	return mode, wait, seeds, err
}

func TestParse(t *testing.T) {
	env := []string{
		"RINGSIDE_MODE=proxy", "RINGSIDE_DRAIN_WAIT=3s", "RINGSIDE_SEEDS= a:1, b:2,", "OTHER=x",
		"RINGSIDE_ROUTER_SERVICE_HOST=10.0.0.1", "RINGSIDE_ROUTER_PORT_80_TCP_ADDR=10.0.0.1", // of a Service in the pod's namespace
	}
	tests := []struct {
		name  string
		env   []string
		args  []string
		mode  string
		wait  time.Duration
		seeds List
	}{
		{"defaults", nil, nil, "redirect", time.Second, nil},
		{"environment", env, nil, "proxy", 3 * time.Second, List{"a:1", "b:2"}},
		{"the command line wins", env, []string{"-mode", "x", "-drain-wait=5s", "-seeds="}, "x", 5 * time.Second, nil},
		{"an empty variable is none", []string{"RINGSIDE_MODE="}, nil, "redirect", time.Second, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mode, wait, seeds, err := parse(t, tt.env, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			if mode != tt.mode || wait != tt.wait || !slices.Equal(seeds, tt.seeds) {
				t.Errorf("got %q %v %q, want %q %v %q", mode, wait, seeds, tt.mode, tt.wait, tt.seeds)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name string
		env  []string
		args []string
		want []string
	}{
		{"unknown flag", nil, []string{"-port", "1"}, []string{"-port"}},
		{"bad value", nil, []string{"-drain-wait", "soon"}, []string{"-drain-wait", `"soon"`}},
		{"bad variable", []string{"RINGSIDE_DRAIN_WAIT=soon"}, nil, []string{"RINGSIDE_DRAIN_WAIT", "-drain-wait", `"soon"`}},
		{"unknown variable", []string{"RINGSIDE_MODUS=proxy"}, nil, []string{"RINGSIDE_MODUS", "RINGSIDE_MODE"}},
		{"no flag", nil, []string{"run"}, []string{`"run"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, _, err := parse(t, tt.env, tt.args...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
		})
	}
	if _, _, _, err := parse(t, nil, "-help"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help gives %v, want flag.ErrHelp", err)
	}
}

func TestClusterKeys(t *testing.T) {
	const key16, key24 = "MDEyMzQ1Njc4OWFiY2RlZg==", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good, empty, both := write("good", key16+"\n"), write("empty", "\n"), write("both", key24+"\n\n"+key16+"\n")
	const plain16, plain24 = "0123456789abcdef", "0123456789abcdef01234567"
	for _, tt := range []struct {
		value, file string
		want        []string
	}{
		{"", "", nil},
		{key16, "", []string{plain16}},
		{"", good, []string{plain16}},
		{"", both, []string{plain24, plain16}},
		{key16 + "," + key24, "", []string{plain16, plain24}},
	} {
		keys, err := ClusterKeys(tt.value, tt.file)
		var got []string
		for _, key := range keys {
			got = append(got, string(key))
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("ClusterKeys(%q, %q) = %q, %v; want %q", tt.value, tt.file, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ value, file, want string }{
		{key16, good, "both"},
		{"", filepath.Join(dir, "none"), "no such file"},
		{"", empty, "is empty"},
		{"secretpassphrase!", "", "not base64"},
		{"c2hvcnQ=", "", "has 5 bytes"},
		{key16 + ",c2hvcnQ=", "", "key 2 has 5 bytes"},
	} {
		_, err := ClusterKeys(tt.value, tt.file)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ClusterKeys(%q, %q) gives error %v, want one with %q", tt.value, tt.file, err, tt.want)
		}
		if err != nil && tt.value != "" && strings.Contains(err.Error(), tt.value) {
			t.Errorf("error %q shows the key", err)
		}
	}
}

// FuzzClusterKeys: whatever the text, keys are long enough, and an error does not show one.
func FuzzClusterKeys(f *testing.F) {
	f.Add("MDEyMzQ1Njc4OWFiY2RlZg==,MDEyMzQ1Njc4OWFiY2RlZg==")
	f.Add("c2hvcnQ= x")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := ClusterKeys(text, "")
		for _, key := range keys {
			if len(key) < MinClusterKey || err != nil {
				t.Errorf("%q gives %q, %v", text, keys, err)
			}
		}
		if err != nil && len(text) > 40 && strings.Contains(err.Error(), text) {
			t.Errorf("error %q shows the key", err)
		}
	})
}

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	good, empty := filepath.Join(dir, "good"), filepath.Join(dir, "empty")
	for file, content := range map[string]string{good: " open sesame\n", empty: "\n"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ value, file, want, err string }{
		{"", "", "", ""},
		{"x", "", "x", ""},
		{"", good, "open sesame", ""},
		{"x", good, "", "-admin-token and -admin-token-file are both given"},
		{"", empty, "", "is empty"},
		{"", filepath.Join(dir, "none"), "", "no such file"},
	} {
		got, err := Secret("admin-token", tt.value, tt.file)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("Secret(%q, %q) = %q, %v; want %q, %q", tt.value, tt.file, got, err, tt.want, tt.err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:80": true, "127.3.2.1:80": true, "[::1]:80": true, "localhost:80": true,
		"0.0.0.0:80": false, ":80": false, "[::]:80": false, "10.0.0.1:80": false, "localhost.example.com:80": false, "": false,
	} {
		if got := Loopback(addr); got != want {
			t.Errorf("Loopback(%q) = %v, want %v", addr, got, want)
		}
	}
}

// A version that does not fit into the gossip would keep a server from starting.
func TestVersionIsShortAndSet(t *testing.T) {
	if v := Version(); v == "" || len(v) > maxVersion || strings.ContainsAny(v, " \n") {
		t.Errorf("version is %q", v)
	}
	revision := []debug.BuildSetting{{Key: "vcs.revision", Value: strings.Repeat("a", 40)}}
	for _, tt := range []struct {
		stamp string
		info  debug.BuildInfo
		want  string
	}{
		{"v1.2.3", debug.BuildInfo{Settings: revision}, "v1.2.3"},
		{strings.Repeat("x", 40), debug.BuildInfo{}, strings.Repeat("x", maxVersion)},
		{"", debug.BuildInfo{Settings: revision}, strings.Repeat("a", 12)},
		{"", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3"},
		{"", debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20261129071400-daa7c04131f5"}}, "v0.0.0-20261129071400-daa7c04131"},
		{"", debug.BuildInfo{}, "unknown"},
	} {
		if got := versionOf(tt.stamp, &tt.info); got != tt.want {
			t.Errorf("stamp %q, %+v: version is %q, want %q", tt.stamp, tt.info, got, tt.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := map[string]bool{"RINGSIDE_BOTS": true, "RINGSIDE_MODE": true, "RINGSIDE_MODULE": true}
	for name, want := range map[string]string{"RINGSIDE_BOT": "RINGSIDE_BOTS", "RINGSIDE_MODUL": "RINGSIDE_MODULE", "RINGSIDE_XODE": "RINGSIDE_MODE"} {
		if got := nearest(name, known); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
