package certs

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The scripts that make keys for operators make keys that processes take.
func TestKeysForHosts(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("the script needs openssl")
	}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	keys := func(names ...string) error {
		out, err := exec.Command("../../deploy/linux/keys.sh", append([]string{dir}, names...)...).CombinedOutput()
		if err != nil {
			t.Logf("%v: %s", names, out)
		}
		return err
	}
	if err := keys("gameserver/gs-1", "router/router-1"); err != nil {
		t.Fatal(err)
	}
	ca, cluster := readFile(t, in("ca.crt")), readFile(t, in("cluster.key"))
	if err := keys("gameserver/gs_2.a"); err != nil {
		t.Fatal(err)
	}
	if string(readFile(t, in("ca.crt"))) != string(ca) || string(readFile(t, in("cluster.key"))) != string(cluster) {
		t.Error("the second run replaces keys")
	}
	files := func(id string) FleetFiles {
		return FleetFiles{Cert: in(id + ".crt"), Key: in(id + ".key"), CA: in("ca.crt")}
	}
	one := load(t, files("gameserver/gs-1"), NewID("gameserver", "gs-1"))
	two := load(t, files("gameserver/gs_2.a"), NewID("gameserver", "gs_2.a"))
	router := load(t, files("router/router-1"), NewID("router", "router-1"))
	for _, other := range []*Fleet{two, router} {
		if who, dial, accept := meet(t, other.Config(one.id), one.Config(""), one); dial != nil || accept != nil || who != other.id {
			t.Errorf("%s dials %s: %v, %v, %q", other.id, one.id, dial, accept, who)
		}
	}
	if _, err := LoadFleet(files("gameserver/gs-1"), two.id, discard); err == nil {
		t.Error("a game server takes another's name")
	}
	if info, err := os.Stat(in("ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the CA's key has mode %v, %v", info.Mode(), err)
	}
	for _, bad := range []string{"gs-3", "gameserver/", "gameserver/a/b", "../x", "boss/a"} {
		if keys(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestKeysForKubernetes(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("the script needs openssl")
	}
	out, err := exec.Command("../../deploy/k8s/keys.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := FleetFiles{Cert: filepath.Join(dir, "ca.crt"), Key: filepath.Join(dir, "ca.key")}
	for _, file := range []string{f.Cert, f.Key} {
		name := filepath.Base(file)
		found := regexp.MustCompile(`(?m)^  ` + strings.ReplaceAll(name, ".", `\.`) + `: (\S+)$`).FindSubmatch(out)
		if found == nil {
			t.Fatalf("no %s in the Secrets", name)
		}
		text, err := base64.StdEncoding.DecodeString(string(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		write(t, file, text)
	}
	one, two := load(t, f, NewID("gameserver", "gameserver-0")), load(t, f, NewID("router", "router-5f7d-x"))
	if _, dial, accept := meet(t, two.Config(one.id), one.Config(""), one); dial != nil || accept != nil {
		t.Errorf("%v, %v", dial, accept)
	}
}
