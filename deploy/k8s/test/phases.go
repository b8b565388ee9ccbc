package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// phase is something that is done to the fleet, with bots of its own so that its figures are its own.
type phase struct {
	name  string
	nodes bool // it needs the nodes' own processes
	do    func(ctx context.Context, f *fleet, found *finding) error
}

var phases = []phase{
	{"install", false, install},
	{"update servers", false, update("statefulset/gameserver")},
	{"update routers", false, update("deployment/router")},
	{"delete a pod", false, deletePod},
	{"kill -9", true, killProcess},
	{"evict", false, evict},
	{"scale 3-6-3", false, scale},
	{"autoscale", true, autoscale},
	{"roll back", false, rollBack},
	{"lose a node", true, loseNode}, // the last: the node is no more
}

func phaseNames() (names []string) {
	for _, p := range phases {
		names = append(names, p.name)
	}
	return names
}

// choose gives the phases of those names, the fleet's installation being always the first.
func choose(names []string) ([]phase, error) {
	if len(names) == 0 {
		return phases, nil
	}
	chosen := phases[:1:1]
	for _, name := range names {
		i := slices.Index(phaseNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("no phase is called %q; there are: %s", name, strings.Join(phaseNames(), ", "))
		}
		if i > 0 {
			chosen = append(chosen, phases[i])
		}
	}
	return chosen, nil
}

// calm is how long all play before something happens, and after it.
const calm = 3 * time.Second

// run does the phase. What went wrong is in the finding.
func (p phase) run(ctx context.Context, f *fleet) *finding {
	found := &finding{Phase: p.name}
	fail := func(err error) {
		if err != nil {
			found.Failures = append(found.Failures, err.Error())
		}
	}
	if p.name == phases[0].name { // before there is anything to play on
		found.Begun = time.Now()
		fail(p.do(ctx, f, found))
	}
	both, err := f.start(ctx)
	fail(err)
	found.Players = f.players
	if len(found.Failures) == 0 {
		fail(f.whole(ctx))
	}
	if len(found.Failures) == 0 && p.name != phases[0].name {
		fail(pause(ctx, calm))
		found.Begun = time.Now()
		fail(p.do(ctx, f, found))
		found.Took = time.Since(found.Begun).Seconds()
		fail(f.whole(ctx))
		found.Whole = time.Since(found.Begun).Seconds()
		fail(pause(ctx, calm))
	}
	for _, b := range both {
		r, err := b.finish(context.WithoutCancel(ctx)) // bots are never left behind
		fail(err)
		if r != nil {
			found.add(r)
		}
	}
	if len(found.Failures) > 0 {
		fail(f.keepState(context.WithoutCancel(ctx), p.name))
	}
	f.players = 0
	fail(f.gone(ctx))
	if len(found.Failures) > 0 {
		fmt.Fprintf(os.Stderr, "  %s\n", strings.Join(found.Failures, "\n  "))
	}
	return found
}

// gone waits until the pod of the bots is.
func (f *fleet) gone(ctx context.Context) error {
	_, err := f.do(ctx, "-n", botNamespace, "wait", "--for=delete", "pod/bots", "--timeout=60s")
	return err
}

// install applies everything; the bots, who come at once, say when the first tick was.
func install(ctx context.Context, f *fleet, _ *finding) error { return f.apply(ctx) }

// update gives a workload the other version, one pod after the other.
func update(workload string) func(context.Context, *fleet, *finding) error {
	return func(ctx context.Context, f *fleet, _ *finding) error {
		kind, name, _ := strings.Cut(workload, "/")
		tag := f.options.tags[1]
		f.updated[workload] = true
		if kind == "statefulset" {
			f.version = tag
		}
		return f.roll(ctx, workload, "set", "image", workload, name+"="+f.options.image+":"+tag)
	}
}

// roll does what replaces a workload's pods, and waits until they are replaced. Routers that end are waited for, which
// Kubernetes does not do: their players are on them still.
func (f *fleet) roll(ctx context.Context, workload string, args ...string) error {
	old, err := f.routerPods(ctx)
	if err != nil {
		return err
	}
	if _, err := f.do(ctx, append([]string{"-n", namespace}, args...)...); err != nil {
		return err
	}
	if err := f.rolledOut(ctx, workload); err != nil || workload != "deployment/router" {
		return err
	}
	for end := time.Now().Add(wholeLimit); ; {
		pods, err := f.routerPods(ctx)
		left := slices.DeleteFunc(pods, func(p string) bool { return !slices.Contains(old, p) })
		switch {
		case err != nil || len(left) == 0:
			return err
		case time.Now().After(end):
			return fmt.Errorf("after the update %v do not end", left)
		}
		if err := pause(ctx, wholePoll); err != nil {
			return err
		}
	}
}

// routerPods are the names of those that there are, ending ones too.
func (f *fleet) routerPods(ctx context.Context) ([]string, error) {
	text, err := f.do(ctx, "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name=router", "-o", "name")
	return strings.Fields(string(text)), err
}

func (f *fleet) rolledOut(ctx context.Context, workload string) error {
	for end := time.Now().Add(10 * time.Minute); ; {
		_, err := f.do(ctx, "-n", namespace, "rollout", "status", workload, "--timeout=100s")
		if err == nil || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
	}
}

// rollBack backs the updates out, each of which it does first if no phase has.
func rollBack(ctx context.Context, f *fleet, found *finding) error {
	workloads := []string{"statefulset/gameserver", "deployment/router"}
	for _, workload := range workloads {
		if !f.updated[workload] {
			if err := update(workload)(ctx, f, found); err != nil {
				return err
			}
		}
	}
	for _, workload := range workloads {
		f.version, f.updated[workload] = f.options.tags[0], false
		if err := f.roll(ctx, workload, "rollout", "undo", workload); err != nil {
			return err
		}
	}
	return nil
}

func deletePod(ctx context.Context, f *fleet, found *finding) error {
	pod, err := f.leader(ctx, "")
	if err != nil {
		return err
	}
	found.What = pod
	_, err = f.do(ctx, "-n", namespace, "delete", "pod", pod)
	return err
}

// killProcess kills the process of a pod, which the kubelet starts again.
func killProcess(ctx context.Context, f *fleet, found *finding) error {
	pod, err := f.leader(ctx, "")
	if err != nil {
		return err
	}
	found.What, found.Begun = pod, time.Now()
	// Only the pod's own process has its name for a host name in its environment.
	const search = `for p in $(pgrep -x gameserver); do if tr '\0' '\n' < /proc/$p/environ | grep -qx "HOSTNAME=$1"; then kill -9 $p && exit 0; fi; done; exit 1`
	if _, err = f.script(ctx, "node", "sh", "-c", search, "sh", pod); err != nil {
		return err
	}
	return f.hurt(ctx)
}

// evict asks for two pods at once, of which the budget allows one; the other goes when the first is back.
func evict(ctx context.Context, f *fleet, found *finding) error {
	ask := func(pod string) error {
		body := fmt.Sprintf(`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":%q,"namespace":%q}}`, pod, namespace)
		_, err := f.feed(ctx, []byte(body), "create", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/eviction", namespace, pod), "-f", "-")
		return err
	}
	if err := ask("gameserver-0"); err != nil {
		return err
	}
	refused := 0
	for end := time.Now().Add(wholeLimit); ; {
		err := ask("gameserver-1")
		switch {
		case err == nil && refused == 0:
			return errors.New("the budget let a second pod go while the first was away")
		case err == nil:
			found.What = fmt.Sprintf("second one refused %d times", refused)
			return nil
		case time.Now().After(end) || !strings.Contains(err.Error(), "disruption budget"):
			return err
		}
		refused++
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

func scale(ctx context.Context, f *fleet, _ *finding) error {
	for _, n := range []int{6, 3} {
		f.servers = n
		if _, err := f.do(ctx, "-n", namespace, "scale", "statefulset/gameserver", fmt.Sprintf("--replicas=%d", n)); err != nil {
			return err
		}
		if err := f.whole(ctx); err != nil {
			return err
		}
		if err := pause(ctx, calm); err != nil {
			return err
		}
	}
	return nil
}

// loseNode takes the power of a node with a game server, and not that of the bots' node.
func loseNode(ctx context.Context, f *fleet, found *finding) error {
	names, _, err := f.nodes(ctx)
	if err != nil {
		return err
	}
	pod, err := f.leader(ctx, names[0])
	if err != nil {
		return err
	}
	node, err := f.nodeOf(ctx, pod)
	if err != nil {
		return err
	}
	found.What, found.Begun = pod+" with "+node, time.Now()
	f.servers-- // its pod stays until somebody says that the node is gone for good
	_, err = f.script(ctx, "killnode", strings.TrimLeft(node, "node"))
	return err
}
