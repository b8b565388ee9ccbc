package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cluster is a Kubernetes and how it is told what to do.
type cluster struct {
	kubectl []string // command
	outside []string // command in front of one that shall run where players are; none: here
	scripts string   // folder of node, load and killnode; empty: there are none
	down    func()
	work    string       // folder for what is made here, in the module's .bin
	api     *http.Client // of the API server, for what is asked often: each kubectl is a fifth of a second of CPU
	proxy   *exec.Cmd    // behind it
}

// commandLimit bounds one command that is not expected to wait for long.
const commandLimit = 2 * time.Minute

// proxyLimit bounds the wait for kubectl to pass requests on.
const proxyLimit = 20 * time.Second

// openCluster brings the cluster up.
func openCluster(ctx context.Context, o options) (*cluster, error) {
	work, err := filepath.Abs(".bin/k8s-test")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat("deploy/k8s/base"); err != nil {
		return nil, fmt.Errorf("run this in the folder of Ringside's go.mod: %w", err)
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, err
	}
	if o.context != "" {
		c := &cluster{kubectl: []string{"kubectl", "--context", o.context}, work: work, down: func() {}}
		return c, c.dial(ctx)
	}
	home := os.Getenv("K8S_DIR")
	if home == "" {
		return nil, errors.New("K8S_DIR is not set; it is where up.sh puts the cluster and its commands")
	}
	bin := filepath.Join(home, "bin")
	c := &cluster{kubectl: []string{filepath.Join(bin, "k")}, outside: []string{filepath.Join(bin, "node")}, scripts: bin, work: work}
	c.down = func() { _ = show(context.Background(), nil, filepath.Join(o.up, "down.sh")) }
	if err := show(ctx, []string{"NODES=3"}, filepath.Join(o.up, "up.sh")); err != nil {
		c.down() // the next run would take half a cluster for a whole one
		return nil, err
	}
	return c, c.dial(ctx)
}

// dial starts a kubectl that passes requests on from a socket in the work folder.
func (c *cluster) dial(ctx context.Context) error {
	socket := filepath.Join(c.work, "api.sock")
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	args := append(c.kubectl[1:len(c.kubectl):len(c.kubectl)], "proxy", "--unix-socket="+socket)
	c.proxy = exec.Command(c.kubectl[0], args...)
	c.proxy.Stderr = os.Stderr
	if err := c.proxy.Start(); err != nil {
		return err
	}
	c.api = &http.Client{Timeout: commandLimit, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	for end := time.Now().Add(proxyLimit); ; {
		_, err := c.raw(ctx, "/version")
		if err == nil {
			return nil
		}
		if time.Now().After(end) || pause(ctx, wholePoll) != nil {
			c.hangUp()
			return err
		}
	}
}

// hangUp ends what dial has started.
func (c *cluster) hangUp() {
	_ = c.proxy.Process.Kill()
	_ = c.proxy.Wait()
}

// raw gives what the API server answers at path.
func (c *cluster) raw(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.api.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.500s", path, resp.Status, text)
	}
	return text, err
}

// loadImages builds the arena's images, where there are scripts that load them.
func (c *cluster) loadImages(ctx context.Context, o options) error {
	if c.scripts == "" {
		return nil
	}
	for i, tag := range o.tags {
		from := ""
		if i == 0 {
			from = o.from
		}
		if err := c.loadImage(ctx, from, o.image, tag); err != nil {
			return err
		}
	}
	return nil
}

// loadImage builds image:tag of a git revision, of this tree if that is empty, and brings it to the nodes.
func (c *cluster) loadImage(ctx context.Context, from, image, tag string) error {
	tree := "."
	if from != "" {
		tree = filepath.Join(c.work, "from")
		_ = exec.CommandContext(ctx, "git", "worktree", "remove", "--force", tree).Run() // of a run that was cut off
		if err := show(ctx, nil, "git", "worktree", "add", "--force", "--detach", tree, from); err != nil {
			return err
		}
		defer exec.Command("git", "worktree", "remove", "--force", tree).Run() // the next run removes it too
	}
	if err := show(ctx, nil, "make", "-C", tree, "image-tar", "IMAGE="+image, "VERSION="+tag); err != nil {
		return err
	}
	return show(ctx, nil, filepath.Join(c.scripts, "load"), filepath.Join(tree, ".bin/image.tar"))
}

// close removes the fleet, and a cluster that was brought up here, unless they are to be kept.
func (c *cluster) close(keep bool) {
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	c.hangUp()
	if keep {
		return
	}
	if c.scripts == "" {
		_, _ = c.do(ctx, "delete", "namespace", namespace, botNamespace, "--ignore-not-found")
	}
	c.down()
}

// show runs a command whose output is for the user.
func show(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// do runs kubectl and gives its output.
func (c *cluster) do(ctx context.Context, args ...string) ([]byte, error) {
	return c.feed(ctx, nil, args...)
}

// feed is do with something on the standard input.
func (c *cluster) feed(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	return capture(exec.CommandContext(ctx, c.kubectl[0], append(c.kubectl[1:len(c.kubectl):len(c.kubectl)], args...)...), input)
}

// script runs one of the folder's commands, and is for clusters that have one.
func (c *cluster) script(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	return capture(exec.CommandContext(ctx, filepath.Join(c.scripts, name), args...), nil)
}

func capture(cmd *exec.Cmd, input []byte) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// get reads an object, or a list of them, into v.
func (c *cluster) get(ctx context.Context, v any, args ...string) error {
	text, err := c.do(ctx, append([]string{"get", "-o", "json"}, args...)...)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// nodes gives name and internal address of each node.
func (c *cluster) nodes(ctx context.Context) (names, addresses []string, err error) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Addresses []struct{ Type, Address string }
			}
		}
	}
	err = c.get(ctx, &list, "nodes")
	for _, n := range list.Items {
		for _, a := range n.Status.Addresses {
			if a.Type == "InternalIP" {
				names, addresses = append(names, n.Metadata.Name), append(addresses, a.Address)
			}
		}
	}
	if err == nil && len(names) == 0 {
		err = errors.New("the cluster has no nodes")
	}
	return names, addresses, err
}
