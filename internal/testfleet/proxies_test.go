package testfleet

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/router/gateway"
)

// The examples in deploy/proxies lead players in, at the root and in a folder, without a public URL.
func TestProxies(t *testing.T) {
	for _, proxy := range []struct {
		name, file string
		folder     []string // old, new, old, new: what the example's comments say of a folder
		start      func(dir, example string) (config string, args []string)
	}{
		{"nginx", "nginx.conf", []string{"location / {", "location /game/ {", "proxy_pass http://ringside;", "proxy_pass http://ringside/;"},
			func(dir, example string) (string, []string) {
				config := "error_log stderr; pid " + dir + "/pid; daemon off; events {}\nhttp { access_log off;"
				if os.Getuid() == 0 {
					config = "user root; " + config
				}
				for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
					config += fmt.Sprintf(" %s_temp_path %s/%s;", kind, dir, kind)
				}
				return config + "\n" + example + "}", []string{"-c"}
			}},
		{"haproxy", "haproxy.cfg", []string{"# In a folder: ", ""},
			func(_, example string) (string, []string) { return example, []string{"-db", "-f"} }},
		{"caddy", "Caddyfile", []string{"\thandle {", "\thandle_path /game/* {"},
			func(dir, example string) (string, []string) {
				return "{\n\tadmin off\n\tstorage file_system " + dir + "\n}\n" + example, []string{"run", "--adapter", "caddyfile", "--config"}
			}},
	} {
		t.Run(proxy.name, func(t *testing.T) {
			bin, err := exec.LookPath(proxy.name)
			if err != nil {
				bin, err = exec.LookPath("/usr/sbin/" + proxy.name)
			}
			if err != nil {
				t.Skipf("%s IS NOT TESTED: it is not installed; apt-get install nginx-light haproxy caddy", strings.ToUpper(proxy.name))
			}
			text, err := os.ReadFile("../../deploy/proxies/" + proxy.file)
			if err != nil {
				t.Fatal(err)
			}
			f := Start(t, Options{Servers: 1, Mode: gateway.Proxy})
			for folder, changes := range map[string][]string{"": nil, "/game": proxy.folder} {
				port, dir := free(t), t.TempDir()
				example := string(text)
				for _, c := range [][2]string{{"127.0.0.1:8080", strings.TrimPrefix(f.Routers[0].URL, "http://")},
					{"listen 80;", "listen 127.0.0.1:" + port + ";"}, {"bind :80", "bind 127.0.0.1:" + port},
					{"play.example.com {", "http://127.0.0.1:" + port + " {"}} {
					example = strings.ReplaceAll(example, c[0], c[1])
				}
				for i := 0; i < len(changes); i += 2 {
					if !strings.Contains(example, changes[i]) {
						t.Fatalf("%s has no %q", proxy.file, changes[i])
					}
					example = strings.ReplaceAll(example, changes[i], changes[i+1])
				}
				config, args := proxy.start(dir, example)
				file := filepath.Join(dir, "config")
				if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
					t.Fatal(err)
				}
				var log strings.Builder
				cmd := exec.Command(bin, append(args, file)...)
				cmd.Stdout, cmd.Stderr = &log, &log
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					_ = cmd.Process.Signal(os.Interrupt)
					_ = cmd.Wait()
					if t.Failed() {
						t.Logf("%s said: %s", proxy.name, log.String())
					}
				})
				at := "http://127.0.0.1:" + port + folder
				until(t, "the proxy passes on", func() bool {
					resp, err := http.Get(at + "/v1/fleet")
					if err != nil {
						return false
					}
					_ = resp.Body.Close()
					return resp.StatusCode == http.StatusOK
				})
				page, err := http.Get(at + "/v1/rooms/x/connect")
				if err != nil {
					t.Fatal(err)
				}
				_ = page.Body.Close()
				if page.StatusCode != http.StatusUpgradeRequired {
					t.Errorf("without an upgrade the proxy passes on %s", page.Status)
				}
				p := join(t, goclient.Config{Router: at, Request: goclient.Request{Game: WalkName, Room: "r", Player: goclient.Player{Name: "Jo"}}})
				played(t, 20, []*player{p})
				p.noticed(t)
			}
		})
	}
}

// free gives a port that was free a moment ago.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
