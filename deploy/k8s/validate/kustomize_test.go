package validate

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// root is the folder of the manifests.
const root = ".."

// folders gives all folders that kubectl apply -k takes, below root.
func folders(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if !bytes.Contains(text, []byte("\nkind: Component")) { // those are parts of others
			all = append(all, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// build is kubectl kustomize.
func build(t *testing.T, folder string) resmap.ResMap {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestManifests has the API server's code admit every object of every folder.
func TestManifests(t *testing.T) {
	all := folders(t)
	if len(all) < 4 {
		t.Fatalf("only %v have a kustomization.yaml", all)
	}
	for _, folder := range all {
		t.Run(strings.TrimPrefix(folder, root+"/"), func(t *testing.T) {
			for _, r := range build(t, folder).Resources() {
				if r.GetGvk().Group == "monitoring.coreos.com" {
					continue // no kinds of the API server; TestMonitoring has them
				}
				manifest, err := r.AsYAML()
				if err == nil {
					err = admit(manifest)
				}
				if err != nil {
					t.Errorf("%s: %v", r.CurId(), err)
				}
			}
		})
	}
}

// TestAdmitRefuses: what is wrong is found, by decoding, by the kind's own checks, and by those that need defaults.
func TestAdmitRefuses(t *testing.T) {
	for _, c := range []struct{ change, to, want string }{
		{"", "", ""},
		{"replicas: 3", "replica: 3", `unknown field "spec.replica"`},
		{"replicas: 3", "replicas: 3\n  replicas: 3", "already set"},
		{"replicas: 3", "replicas: three", "cannot unmarshal"},
		{"replicas: 3", "replicas: -3", "must be greater than or equal to 0"},
		{"maxSkew: 1", "maxSkew: 0", "must be greater than zero"},
		{"port: inside", "port: insides-of-it-all", "no more than 15 characters"},
		{"app.kubernetes.io/name: gameserver}", "app.kubernetes.io/name: router}", "does not match template"},
		{"kind: StatefulSet", "kind: StatefulSets", "no kind"},
	} {
		manifest := statefulSet
		if c.change != "" {
			manifest = strings.Replace(manifest, c.change, c.to, 1)
		}
		err := admit([]byte(manifest))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s for %s gives %v, want %q", c.to, c.change, err, c.want)
		}
	}
}

// TestUnknownKind: a kind that nobody thought of is not let through.
func TestUnknownKind(t *testing.T) {
	err := admit([]byte("apiVersion: v1\nkind: LimitRange\nmetadata: {name: some, namespace: ringside}\n"))
	if err == nil || !strings.Contains(err.Error(), "table of this test") {
		t.Errorf("got %v", err)
	}
}

const statefulSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: gameserver, namespace: ringside}
spec:
  replicas: 3
  selector: {matchLabels: {app.kubernetes.io/name: gameserver}}
  serviceName: gameserver
  template:
    metadata: {labels: {app.kubernetes.io/name: gameserver}}
    spec:
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: zone
        whenUnsatisfiable: ScheduleAnyway
        labelSelector: {matchLabels: {app.kubernetes.io/name: gameserver}}
      containers:
      - name: gameserver
        image: ringside
        livenessProbe: {httpGet: {path: /, port: inside}}
`
