package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	// botOptions are those of the rooms: a match is over after 8 s, so that results are at stake whatever happens.
	botOptions = `{"tick_rate":20,"round_seconds":8}`
	// tickMs is the tick length of these rooms.
	tickMs = 50
	// botWait is how long the bots may wait for routers, and reportLimit for their report to come.
	botWait     = 90 * time.Second
	reportLimit = 40 * time.Second
)

// bots play until they are told to end, and then report.
type bots struct {
	end   func(ctx context.Context) error // makes them end
	clear func(ctx context.Context) error // takes away what is left when they have reported
	done  chan struct{}                   // closed when all is said; then out and err are set
	out   bytes.Buffer
	err   error
}

func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, name, args...)
}

func (f *fleet) botArgs(router string) []string {
	return []string{"-router", router, "-rooms", fmt.Sprint(f.options.rooms), "-players", fmt.Sprint(f.options.players),
		"-options", botOptions, "-wait", botWait.String(), "-json", "-"}
}

// start starts bots outside of the cluster and in a pod. They have no deadline: end ends them. With TLS all are inside, where
// the names of the certificate can be made known to them.
func (f *fleet) start(ctx context.Context) (both []*bots, err error) {
	if f.options.overlay == "tls" {
		inside, err := f.playInside(ctx)
		if err != nil {
			return nil, err
		}
		f.players = f.options.rooms * f.options.players
		return []*bots{inside}, nil
	}
	outside, err := f.playOutside()
	if err != nil {
		return nil, err
	}
	inside, err := f.playInside(ctx)
	if err != nil {
		return []*bots{outside}, err
	}
	f.players = 2 * f.options.rooms * f.options.players
	return []*bots{outside, inside}, nil
}

// watch reads a command's output to its end.
func (b *bots) watch(cmd *exec.Cmd) error {
	b.done = make(chan struct{})
	cmd.Stdout = &b.out
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		b.err = cmd.Wait()
		close(b.done)
	}()
	return nil
}

// playOutside starts the arena's bots where players are.
func (f *fleet) playOutside() (*bots, error) {
	built, err := filepath.Abs(".bin/image/out/bot")
	if err != nil {
		return nil, err
	}
	if f.scripts == "" {
		built = filepath.Join(f.work, "bot")
		if err := show(context.Background(), nil, "go", "build", "-o", built, "./clients/bot"); err != nil {
			return nil, err
		}
	}
	return f.runOutside(built, f.botArgs(f.outsideURL())...)
}

// runOutside starts a program of bots where players are. The process may be one of another process namespace, so that it is
// found by the name that its program is linked to for this once.
func (f *fleet) runOutside(built string, botArgs ...string) (*bots, error) {
	program := filepath.Join(f.work, fmt.Sprintf("bot-%d", time.Now().UnixNano()))
	if err := os.Symlink(built, program); err != nil {
		return nil, err
	}
	args := append(append([]string{}, f.outside...), append([]string{program}, botArgs...)...)
	cmd := exec.Command(args[0], args[1:]...)
	log, err := os.Create(filepath.Join(f.work, "outside.log"))
	if err != nil {
		return nil, err
	}
	cmd.Stderr = log
	b := &bots{clear: func(context.Context) error { return nil }}
	b.end = func(ctx context.Context) error {
		kill := append(append([]string{}, f.outside...), "pkill", "-INT", "-f", "^"+program)
		_, err := capture(exec.CommandContext(ctx, kill[0], kill[1:]...), nil)
		return errors.Join(err, os.Remove(program), log.Close())
	}
	return b, b.watch(cmd)
}

// playInside starts bots in a pod of the first node.
func (f *fleet) playInside(ctx context.Context) (*bots, error) {
	names, _, err := f.nodes(ctx)
	if err != nil {
		return nil, err
	}
	pod := f.botPod(names[0])
	text, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": []object{botsHome, pod}})
	if err != nil {
		return nil, err
	}
	if _, err := f.feed(ctx, text, "apply", "-f", "-"); err != nil {
		return nil, err
	}
	if _, err := f.do(ctx, "-n", botNamespace, "wait", "--for=condition=Ready", "pod/bots", "--timeout=90s"); err != nil {
		return nil, err
	}
	logs := append(f.kubectl[1:len(f.kubectl):len(f.kubectl)], "-n", botNamespace, "logs", "-f", "bots")
	b := &bots{}
	b.end = func(ctx context.Context) error { // its log is there until the pod is deleted
		_, err := f.do(ctx, "-n", botNamespace, "patch", "pod", "bots", "-p", `{"spec":{"activeDeadlineSeconds":1}}`)
		return err
	}
	b.clear = func(ctx context.Context) error { // who follows a log may miss its end
		text, err := f.do(ctx, "-n", botNamespace, "logs", "bots")
		if err != nil {
			return err
		}
		b.out = *bytes.NewBuffer(text)
		_, err = f.do(ctx, "-n", botNamespace, "delete", "pod", "bots", "--wait=false")
		return err
	}
	return b, b.watch(exec.Command(f.kubectl[0], logs...))
}

// object is one of Kubernetes', as JSON.
type object = map[string]any

// botsHome is the bots' namespace.
var botsHome = object{"apiVersion": "v1", "kind": "Namespace",
	"metadata": object{"name": botNamespace, "labels": object{"pod-security.kubernetes.io/enforce": "restricted"}}}

// botPod is a pod of bots on node.
func (f *fleet) botPod(node string) object {
	router := "http://router." + namespace
	if f.options.overlay == "tls" {
		router = fmt.Sprintf("https://%s:%d", domain, nodePort)
	}
	pod := object{
		"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "bots", "namespace": botNamespace},
		"spec": object{
			"restartPolicy": "Never", "automountServiceAccountToken": false, "nodeSelector": object{"kubernetes.io/hostname": node},
			"securityContext": object{"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": object{"type": "RuntimeDefault"}},
			"containers": []object{{
				"name": "bots", "image": f.options.image + ":" + f.version, "imagePullPolicy": "IfNotPresent",
				"command": []string{"bot"}, "args": f.botArgs(router),
				"resources": object{"requests": object{"cpu": "500m"}}, // players have machines of their own
				"securityContext": object{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
					"capabilities": object{"drop": []string{"ALL"}}},
			}},
		},
	}
	if f.options.overlay == "tls" {
		f.trusting(pod)
	}
	return pod
}

// finish ends bots and gives their report.
func (b *bots) finish(ctx context.Context) (*botReport, error) {
	if err := b.stop(ctx); err != nil {
		return nil, err
	}
	r := &botReport{}
	if err := json.Unmarshal(b.out.Bytes(), r); err != nil {
		return nil, fmt.Errorf("the bots ended without a report (%v): %w: %.500s", b.err, err, bytes.TrimSpace(b.out.Bytes()))
	}
	return r, nil
}

// stop ends bots. Then their output is there.
func (b *bots) stop(ctx context.Context) error {
	if err := b.end(ctx); err != nil {
		return err
	}
	select {
	case <-b.done:
	case <-time.After(reportLimit):
		return fmt.Errorf("the bots have not reported after %v", reportLimit)
	}
	return b.clear(ctx)
}
