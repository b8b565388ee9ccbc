package validate

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

// chartFolder is where the Helm chart is.
const chartFolder = root + "/../helm/ringside"

// object is one of Kubernetes, as JSON.
type object = map[string]any

// renderChart is helm template: the objects, by kind and name.
func renderChart(values object) (map[string]object, error) {
	chart, err := loader.Load(chartFolder)
	if err != nil {
		return nil, err
	}
	all, err := util.ToRenderValues(chart, values, common.ReleaseOptions{Name: "ringside", Namespace: "ringside", IsInstall: true}, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		return nil, err
	}
	objects := map[string]object{}
	for name, text := range files {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for document := range strings.SplitSeq(text, "\n---\n") {
			var o object
			if err := yaml.UnmarshalStrict([]byte(document), &o); err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", name, err, document)
			}
			if o == nil {
				continue
			}
			key := o["kind"].(string) + " " + o["metadata"].(object)["name"].(string)
			if objects[key] != nil {
				return nil, fmt.Errorf("%s is there twice", key)
			}
			objects[key] = o
		}
	}
	return objects, nil
}

// hash is the suffix that kustomize gives to the name of a ConfigMap that it makes.
var hash = regexp.MustCompile(`\bringside-[0-9a-z]{10}\b`)

// buildFolder is kubectl kustomize: the objects, by kind and name. What Helm does in other ways is left out: the namespace, and the
// hash in the name of the ConfigMap, for which the chart has an annotation.
func buildFolder(t *testing.T, folder string) map[string]object {
	t.Helper()
	objects := map[string]object{}
	for _, r := range build(t, folder).Resources() {
		if r.GetKind() == "Namespace" {
			continue
		}
		manifest, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var o object
		if err := yaml.UnmarshalStrict(hash.ReplaceAll(manifest, []byte("ringside")), &o); err != nil {
			t.Fatal(err)
		}
		metadata := o["metadata"].(object)
		delete(metadata, "namespace")
		objects[o["kind"].(string)+" "+metadata["name"].(string)] = o
	}
	return objects
}

// template is the pod template of an object; nil: it has none.
func template(o object) object {
	spec, _ := o["spec"].(object)
	pod, _ := spec["template"].(object)
	return pod
}

// container is the one of a pod template.
func container(pod object) object {
	return pod["spec"].(object)["containers"].([]any)[0].(object)
}

// normal takes from an object of the chart what kustomize has in another way, and orders what has no order.
func normal(o object) object {
	pod := template(o)
	if pod == nil {
		return o
	}
	delete(pod["metadata"].(object), "annotations")
	byName := func(a, b any) int { return strings.Compare(a.(object)["name"].(string), b.(object)["name"].(string)) }
	slices.SortFunc(container(pod)["env"].([]any), byName)
	slices.SortFunc(container(pod)["volumeMounts"].([]any), byName)
	slices.SortFunc(pod["spec"].(object)["volumes"].([]any), byName)
	return o
}

// The chart and the folders for kustomize are two ways to the same objects, to the last field.
func TestChartIsKustomize(t *testing.T) {
	const url = "http://play.example.com"
	for folder, values := range map[string]object{
		"base":                           {},
		"overlays/proxy":                 {"expose": "proxy", "url": url},
		"overlays/direct":                {"expose": "direct", "url": "http://nodes.example.com"},
		"overlays/tls":                   {"expose": "tls", "url": "play.example.com"},
		"overlays/results":               {"expose": "proxy", "url": url, "results": object{"enabled": true}},
		"validate/testdata/scaling-load": {"autoscaling": object{"by": "load"}},
		"validate/testdata/scaling-cpu":  {"autoscaling": object{"by": "cpu"}},
	} {
		t.Run(folder, func(t *testing.T) {
			got, err := renderChart(values)
			if err != nil {
				t.Fatal(err)
			}
			want := buildFolder(t, root+"/"+folder)
			if have, should := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(have, should) {
				t.Fatalf("the chart has %q, kustomize has %q", have, should)
			}
			for key, o := range want {
				if pod := template(got[key]); pod != nil {
					for _, err := range badReferences(envOf(t, pod)) {
						t.Errorf("%s: %v", key, err)
					}
				}
				if a, b := normal(got[key]), normal(o); !reflect.DeepEqual(a, b) {
					t.Errorf("%s differs:\nchart     %s\nkustomize %s", key, text(t, a), text(t, b))
				}
			}
		})
	}
}

func envOf(t *testing.T, pod object) (env []envVar) {
	t.Helper()
	if err := json.Unmarshal([]byte(text(t, container(pod)["env"])), &env); err != nil {
		t.Fatal(err)
	}
	return env
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Each value of the chart that TestChartIsKustomize leaves as it is changes what it says.
func TestChartValues(t *testing.T) {
	for _, c := range []struct {
		values object
		key    string
		want   []string
	}{
		{object{"image": object{"repository": "r.example.com/mine", "tag": "v2", "pullPolicy": "Always", "pullSecrets": []any{object{"name": "registry"}}}},
			"StatefulSet gameserver", []string{`"image":"r.example.com/mine:v2"`, `"imagePullPolicy":"Always"`, `"imagePullSecrets":[{"name":"registry"}]`}},
		{object{"router": object{"replicas": 5, "drain": "30s", "terminationGracePeriodSeconds": 50, "env": []any{object{"name": "RINGSIDE_TRUSTED_PROXIES", "value": "10.0.0.0/8"}}}},
			"Deployment router", []string{`"replicas":5`, `"value":"30s"`, `"terminationGracePeriodSeconds":50`, `"name":"RINGSIDE_TRUSTED_PROXIES"`}},
		{object{"gameserver": object{"replicas": 9, "command": []any{"mygame"}, "goMemLimit": "900MiB", "resources": object{"limits": object{"memory": "1Gi"}}, "nodeSelector": object{"pool": "games"}}},
			"StatefulSet gameserver", []string{`"replicas":9`, `"command":["mygame"]`, `"value":"900MiB"`, `"memory":"1Gi"`, `"nodeSelector":{"pool":"games"}`}},
		{object{"gameserver": object{"tolerations": []any{object{"key": "games"}}}}, "StatefulSet gameserver", []string{`"tolerations":[{"key":"games"}]`}},
		{object{"results": object{"enabled": true, "storage": "5Gi", "storageClassName": "fast"}}, "StatefulSet gameserver", []string{`"storage":"5Gi"`, `"storageClassName":"fast"`}},
		{object{"autoscaling": object{"by": "cpu", "minReplicas": 4, "maxReplicas": 40}}, "HorizontalPodAutoscaler gameserver", []string{`"minReplicas":4`, `"maxReplicas":40`}},
	} {
		objects, err := renderChart(c.values)
		if err != nil {
			t.Errorf("%v: %v", c.values, err)
			continue
		}
		for _, want := range c.want {
			if got := text(t, objects[c.key]); !strings.Contains(got, want) {
				t.Errorf("%v: %s has no %s: %s", c.values, c.key, want, got)
			}
		}
	}
}

// A value that the chart does not know is refused, and the message names it.
func TestChartRefuses(t *testing.T) {
	for want, values := range map[string]object{
		"expose":   {"expose": "lan"},
		"replica":  {"router": object{"replica": 3}},
		"by":       {"autoscaling": object{"by": "players"}},
		"drain":    {"gameserver": object{"drain": 60}},
		"/url":     {"url": ""},
		"goMemLim": {"router": object{"goMemLimit": "200Mi"}},
	} {
		if _, err := renderChart(values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v gives %v, want an error about %s", values, err, want)
		}
	}
}

// Another URL restarts the pods, as another name of the ConfigMap does with kustomize.
func TestChartRestartsForURL(t *testing.T) {
	seen := map[string]bool{}
	for _, url := range []string{"http://a", "http://b"} {
		objects, err := renderChart(object{"url": url})
		if err != nil {
			t.Fatal(err)
		}
		seen[text(t, template(objects["StatefulSet gameserver"])["metadata"])] = true
	}
	if len(seen) != 2 {
		t.Errorf("pods are the same with another URL: %v", seen)
	}
}
