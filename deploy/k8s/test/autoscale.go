package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// metricsPort is the port of the stub, in the network of the nodes.
const metricsPort = 16443

// fastScaling takes the waits out of the autoscaler, which are for players who come and go.
const fastScaling = `{"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 3, "periodSeconds": 15}]}}}}`

// autoscale puts the autoscaler of scaling/load on the fleet, and a stub in place of the Prometheus adapter. Load adds servers, and the
// end of the load takes them away.
func autoscale(ctx context.Context, f *fleet, found *finding) (err error) {
	end, err := f.startStub(ctx)
	if err != nil {
		return err
	}
	defer func() {
		after := context.WithoutCancel(ctx)
		_, gone := f.do(after, "-n", namespace, "delete", "hpa", "gameserver", "--ignore-not-found")
		err = errors.Join(err, gone, end(after))
	}()
	if _, err := f.do(ctx, "-n", namespace, "apply", "-f", "deploy/k8s/scaling/load/autoscaler.yaml"); err != nil {
		return err
	}
	if _, err := f.do(ctx, "-n", namespace, "patch", "hpa", "gameserver", "--type=merge", "-p", fastScaling); err != nil {
		return err
	}
	for _, step := range []struct {
		busy    string
		servers int
	}{{"900m", 6}, {"50m", 3}} { // the target is 500m for each; there are three at least
		begun := time.Now()
		if _, err := f.raw(ctx, fmt.Sprintf("%s/set?busy=%s&pods=%d", metricsPath, step.busy, f.servers)); err != nil {
			return err
		}
		f.servers = step.servers
		if err := f.whole(ctx); err != nil {
			state, _ := f.do(ctx, "-n", namespace, "describe", "hpa", "gameserver")
			return fmt.Errorf("workers at %s: %w\n%s", step.busy, err, state)
		}
		found.What += fmt.Sprintf("%s busy: %d servers after %.0f s; ", step.busy, step.servers, time.Since(begun).Seconds())
		if err := pause(ctx, calm); err != nil {
			return err
		}
	}
	return nil
}

// startStub runs this program as the stub where the API server reaches it, and makes it the custom metrics API. end takes all of it away.
func (f *fleet) startStub(ctx context.Context) (end func(context.Context) error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(f.work, fmt.Sprintf("metrics-%d", time.Now().UnixNano()))
	if _, err := capture(exec.CommandContext(ctx, "cp", self, program), nil); err != nil {
		return nil, err
	}
	args := append(append([]string{}, f.outside...), program, "-metrics-stub", fmt.Sprintf(":%d", metricsPort))
	stub := exec.Command(args[0], args[1:]...)
	stub.Stderr = os.Stderr
	if err := stub.Start(); err != nil {
		return nil, err
	}
	objects, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": f.stubObjects()})
	if err != nil {
		return nil, err
	}
	end = func(ctx context.Context) error {
		_, gone := f.feed(ctx, objects, "delete", "--ignore-not-found", "-f", "-")
		kill := append(append([]string{}, f.outside...), "pkill", "-f", "^"+program)
		_, killed := capture(exec.CommandContext(ctx, kill[0], kill[1:]...), nil)
		_ = stub.Wait() // it was killed
		return errors.Join(gone, killed, os.Remove(program))
	}
	if _, err = f.feed(ctx, objects, "apply", "-f", "-"); err == nil {
		_, err = f.do(ctx, "wait", "--for=condition=Available", "apiservice/v1beta2.custom.metrics.k8s.io", "--timeout=60s")
	}
	if err != nil {
		return nil, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return end, nil
}

// stubObjects are a Service of the stub, which is no pod, and the API that it serves.
func (f *fleet) stubObjects() []object {
	const name = "metrics-stub"
	return []object{
		{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": name, "namespace": botNamespace},
			"spec": object{"ports": []object{{"port": 443, "targetPort": metricsPort}}}},
		{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": object{"name": name, "namespace": botNamespace, "labels": object{"kubernetes.io/service-name": name}},
			"addressType": "IPv4", "endpoints": []object{{"addresses": []string{f.options.host}}}, "ports": []object{{"port": metricsPort}}},
		{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": object{"name": "v1beta2.custom.metrics.k8s.io"},
			"spec": object{"group": "custom.metrics.k8s.io", "version": "v1beta2", "insecureSkipTLSVerify": true, "groupPriorityMinimum": 100, "versionPriority": 100,
				"service": object{"name": name, "namespace": botNamespace, "port": 443}}},
	}
}
