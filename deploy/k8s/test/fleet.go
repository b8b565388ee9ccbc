package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/placement"
)

const (
	namespace    = "ringside"
	botNamespace = "ringside-bots" // not among the members, whom the network policies let through

	// nodePort is where routers are reached on a node.
	nodePort = 30080
	// wholeLimit bounds the wait for a fleet to be whole again: pods start, rooms come home.
	wholeLimit = 3 * time.Minute
	wholePoll  = 200 * time.Millisecond
)

// fleet is what is under test. It belongs to one goroutine.
type fleet struct {
	*cluster
	options options
	servers int             // wanted
	version string          // wanted
	updated map[string]bool // workloads that have the new version
	players int             // that the bots bring
}

// apply puts the fleet into the cluster, with its keys. Requests are small, so that three nodes hold six servers and bots.
func (f *fleet) apply(ctx context.Context) error {
	if f.options.host == "" {
		_, addresses, err := f.nodes(ctx)
		if err != nil {
			return err
		}
		f.options.host = addresses[0]
	}
	url, known := map[string]string{"proxy": f.outsideURL(), "direct": "http://" + f.options.host, "tls": domain}[f.options.overlay]
	if !known {
		return fmt.Errorf("overlay is %q; use proxy, direct or tls", f.options.overlay)
	}
	resource, image := "../../deploy/k8s/overlays/"+f.options.overlay, "ringside"
	if f.options.template != "" {
		resource, image = gameName+"/k8s", gameName
	}
	text := fmt.Sprintf(overlayText, resource, url, image, f.options.image, f.version)
	if err := os.WriteFile(filepath.Join(f.work, "kustomization.yaml"), []byte(text), 0o644); err != nil {
		return err
	}
	if _, err := f.do(ctx, "apply", "-k", f.work); err != nil {
		return err
	}
	if f.options.overlay == "tls" {
		if err := f.certify(ctx); err != nil {
			return err
		}
	}
	if _, err := f.do(ctx, "-n", namespace, "get", "secret", "ringside-fleet"); err == nil {
		return nil
	}
	keys, err := capture(command(ctx, "deploy/k8s/keys.sh"), nil)
	if err == nil {
		_, err = f.feed(ctx, keys, "create", "-n", namespace, "-f", "-")
	}
	return err
}

// overlayText is a kustomization of an overlay, the URL, the overlay's image, and the image and tag in its place.
const overlayText = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: ` + namespace + `
resources: [%s]
configMapGenerator:
- {name: ringside, behavior: merge, literals: ["url=%s"]}
images:
- {name: %q, newName: %q, newTag: %q}
patches:
- target: {kind: StatefulSet}
  patch: |-
    - {op: replace, path: /spec/template/spec/containers/0/resources/requests/cpu, value: 400m}
- target: {kind: Deployment, name: router}
  patch: |-
    - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: RINGSIDE_TICKETS_PER_ADDRESS, value: "0"}} # all bots share one
- target: {kind: Service, name: router}
  patch: |-
    - {op: add, path: /spec/ports/0/nodePort, value: 30080}
    - {op: add, path: /spec/externalTrafficPolicy, value: Cluster} # bots know one node, wherever the routers are
- target: {kind: NetworkPolicy, name: router-inside}
  patch: |-
    - {op: remove, path: /spec/ingress/0/from} # the API server asks on this program's behalf
`

// outsideURL is where players outside of the cluster find the routers.
func (f *fleet) outsideURL() string { return fmt.Sprintf("http://%s:%d", f.options.host, nodePort) }

// fleetDoc is what is used of the routers' GET /v1/fleet.
type fleetDoc struct {
	Members []struct {
		Name, Role, State, Version string
		Suspended                  bool
		Reachable                  *bool
	}
	Rooms []struct {
		Room, Role, Server string
		Standbys           []string
		Connected          int
	}
}

// describe asks a router, through the API server.
func (f *fleet) describe(ctx context.Context) (doc fleetDoc, err error) {
	path := fmt.Sprintf("/api/v1/namespaces/%s/services/router-inside:inside/proxy/v1/fleet", namespace)
	text, err := f.raw(ctx, path)
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	return doc, err
}

// lacking says what the fleet lacks to be whole: as many servers of the right version as there should be, each room led once,
// at home and with a copy, and all players connected.
func (f *fleet) lacking(ctx context.Context) error {
	doc, err := f.describe(ctx)
	if err != nil {
		return err
	}
	var servers []placement.Server
	for _, m := range doc.Members {
		switch {
		case m.Role != "gameserver":
		case m.State != "serving" || m.Suspended || m.Reachable == nil || !*m.Reachable:
			return fmt.Errorf("%s is %s, suspended %v", m.Name, m.State, m.Suspended)
		case m.Version != f.version:
			return fmt.Errorf("%s is of version %s, not %s", m.Name, m.Version, f.version)
		default:
			servers = append(servers, placement.Server{Name: m.Name})
		}
	}
	if len(servers) != f.servers {
		return fmt.Errorf("%d of %d servers serve", len(servers), f.servers)
	}
	set, seen, connected := placement.New(servers), map[string]bool{}, 0
	for _, r := range doc.Rooms {
		home, _ := set.Home(r.Room)
		switch {
		case seen[r.Room]:
			return fmt.Errorf("room %s is led twice", r.Room)
		case r.Role != "leading" || r.Server != home:
			return fmt.Errorf("room %s is %s on %s, and belongs to %s", r.Room, r.Role, r.Server, home)
		case len(r.Standbys) == 0:
			return fmt.Errorf("room %s has no copy", r.Room)
		}
		seen[r.Room] = true
		connected += r.Connected
	}
	if connected != f.players {
		return fmt.Errorf("%d of %d players are connected", connected, f.players)
	}
	return nil
}

// hurtLimit bounds the wait for the routers to notice that something happened.
const hurtLimit = 10 * time.Second

// hurt waits until the fleet lacks something: what nobody has noticed yet looks whole.
func (f *fleet) hurt(ctx context.Context) error {
	for end := time.Now().Add(hurtLimit); f.lacking(ctx) == nil; {
		if time.Now().After(end) {
			return fmt.Errorf("no router has noticed anything within %v", hurtLimit)
		}
		if err := pause(ctx, wholePoll); err != nil {
			return err
		}
	}
	return nil
}

// whole waits until the fleet lacks nothing.
func (f *fleet) whole(ctx context.Context) error {
	for end := time.Now().Add(wholeLimit); ; {
		err := f.lacking(ctx)
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the fleet is not whole after %v: %w", wholeLimit, err)
		}
		if err := pause(ctx, wholePoll); err != nil {
			return err
		}
	}
}

// keepState writes what all pods say and what Kubernetes says of them to a file, for who looks into a failure of phase.
func (f *fleet) keepState(ctx context.Context, phase string) error {
	var text bytes.Buffer
	ask := func(args ...string) []byte {
		out, err := f.do(ctx, args...)
		fmt.Fprintf(&text, "== kubectl %s\n%s", strings.Join(args, " "), out)
		if err != nil {
			fmt.Fprintln(&text, err)
		}
		return out
	}
	ask("get", "pods", "-A", "-o", "wide")
	ask("-n", namespace, "describe", "pods")
	for _, pod := range strings.Fields(string(ask("-n", namespace, "get", "pods", "-o", "name"))) {
		ask("-n", namespace, "logs", pod)
		ask("-n", namespace, "logs", "--previous", pod)
	}
	file := filepath.Join(f.work, strings.ReplaceAll(phase, " ", "-")+".txt")
	fmt.Fprintf(os.Stderr, "  the pods' state and logs are in %s\n", file)
	return os.WriteFile(file, text.Bytes(), 0o644)
}

// leader gives a server that leads rooms and is not on node avoid: something is at stake there.
func (f *fleet) leader(ctx context.Context, avoid string) (string, error) {
	doc, err := f.describe(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range slices.Backward(doc.Rooms) {
		if avoid == "" {
			return r.Server, nil
		}
		node, err := f.nodeOf(ctx, r.Server)
		if err != nil || node != avoid {
			return r.Server, err
		}
	}
	return "", errors.New("no server leads a room")
}

func (f *fleet) nodeOf(ctx context.Context, pod string) (string, error) {
	text, err := f.do(ctx, "-n", namespace, "get", "pod", pod, "-o", "jsonpath={.spec.nodeName}")
	return strings.TrimSpace(string(text)), err
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
