package validate

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// stopTime is what a process may take to stop after it has drained.
const stopTime = 15 * time.Second

// workload is a Deployment or a StatefulSet, with the program that it runs.
type workload struct {
	name      string
	spec      corev1.PodSpec
	container corev1.Container
}

// workloads gives those of an overlay.
func workloads(t *testing.T, folder string) (all []workload) {
	t.Helper()
	for _, r := range build(t, folder).Resources() {
		var template corev1.PodTemplateSpec
		manifest, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		switch r.GetKind() {
		case "Deployment":
			d := &appsv1.Deployment{}
			err = yaml.UnmarshalStrict(manifest, d)
			template = d.Spec.Template
		case "StatefulSet":
			s := &appsv1.StatefulSet{}
			err = yaml.UnmarshalStrict(manifest, s)
			template = s.Spec.Template
		default:
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range template.Spec.Containers {
			all = append(all, workload{r.GetName(), template.Spec, c})
		}
	}
	return all
}

// overlays are the folders that have whole fleets.
func overlays(t *testing.T) []string {
	all := folders(t)
	return slices.DeleteFunc(all, func(f string) bool { return strings.Contains(f, "monitoring") })
}

// TestPrograms holds what the manifests tell the programs against what these understand.
func TestPrograms(t *testing.T) {
	flags := map[string][]string{}
	secrets := keysOf(t)
	for _, folder := range overlays(t) {
		all := workloads(t, folder)
		if len(all) < 2 {
			t.Errorf("%s has no fleet", folder)
		}
		for _, w := range all {
			program := w.container.Command[0]
			if flags[program] == nil {
				flags[program] = flagsOf(t, program)
			}
			for _, err := range slices.Concat(w.badVariables(flags[program]), w.badTimes(), w.badMemory(), w.badFiles(secrets)) {
				t.Errorf("%s, %s: %v", folder, w.name, err)
			}
		}
	}
}

// flagsOf asks a program for its flags.
func flagsOf(t *testing.T, program string) (names []string) {
	t.Helper()
	help := exec.Command("go", "run", "./"+program, "-help")
	help.Dir = "../../.."
	text, err := help.CombinedOutput()
	for _, m := range regexp.MustCompile(`(?m)^  -([a-z-]+)`).FindAllSubmatch(text, -1) {
		names = append(names, string(m[1]))
	}
	if err != nil || len(names) < 10 {
		t.Fatalf("%s -help: %v, %d flags: %s", program, err, len(names), text)
	}
	return names
}

var reference = regexp.MustCompile(`\$\(([A-Za-z0-9_]+)\)`)

// badVariables: those of Ringside stand for a flag, and references lead to variables.
func (w workload) badVariables(flags []string) (errs []error) {
	for _, e := range w.container.Env {
		if flag, ours := strings.CutPrefix(e.Name, "RINGSIDE_"); ours && !slices.Contains(flags, strings.ToLower(strings.ReplaceAll(flag, "_", "-"))) {
			errs = append(errs, fmt.Errorf("%s stands for no flag", e.Name))
		}
	}
	return append(errs, badReferences(w.container.Env)...)
}

type envVar = corev1.EnvVar

// badReferences: a value refers only to what stands before it. Kubernetes leaves other references as they are.
func badReferences(env []envVar) (errs []error) {
	known := map[string]bool{}
	for _, e := range env {
		for _, m := range reference.FindAllStringSubmatch(e.Value, -1) {
			if !known[m[1]] {
				errs = append(errs, fmt.Errorf("%s refers to %s, which does not stand before it", e.Name, m[1]))
			}
		}
		known[e.Name] = true
	}
	return errs
}

func (w workload) variable(name string) string {
	for _, e := range w.container.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// badTimes: a pod drains and stops before it is killed.
func (w workload) badTimes() (errs []error) {
	drain, err := time.ParseDuration(w.variable("RINGSIDE_DRAIN"))
	if err != nil {
		return []error{err}
	}
	if grace := time.Duration(*w.spec.TerminationGracePeriodSeconds) * time.Second; drain+stopTime > grace {
		errs = append(errs, fmt.Errorf("drains for %v and is killed after %v; %v more are needed to stop", drain, grace, stopTime))
	}
	return errs
}

// badMemory: the garbage collector knows of the limit, and leaves some of it for what is not on the heap.
func (w workload) badMemory() (errs []error) {
	var heap int64
	if _, err := fmt.Sscanf(w.variable("GOMEMLIMIT"), "%dMiB", &heap); err != nil {
		return []error{fmt.Errorf("GOMEMLIMIT: %w", err)}
	}
	limit := w.container.Resources.Limits.Memory().Value() >> 20
	if share := float64(heap) / float64(limit); share < 0.8 || share > 0.9 {
		errs = append(errs, fmt.Errorf("GOMEMLIMIT is %d MiB of a limit of %d; make it 80 to 90 %%", heap, limit))
	}
	return errs
}

// badFiles: what a flag names as a file is a key of a Secret that is mounted there and that somebody makes, or on a claimed volume.
func (w workload) badFiles(secrets map[string][]string) (errs []error) {
	for _, e := range w.container.Env {
		if !strings.HasPrefix(e.Value, "/") {
			continue
		}
		found := false
		for _, mount := range w.container.VolumeMounts {
			key, under := strings.CutPrefix(e.Value, mount.MountPath+"/")
			claim := !slices.ContainsFunc(w.spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name }) // of the StatefulSet
			found = found || under && claim
			for _, v := range w.spec.Volumes {
				found = found || under && v.Name == mount.Name && v.Secret != nil && slices.Contains(secrets[v.Secret.SecretName], key)
			}
		}
		if !found {
			errs = append(errs, fmt.Errorf("%s is %s, which no mounted Secret has", e.Name, e.Value))
		}
	}
	return errs
}

// keysOf runs keys.sh, has the API server's code admit its Secrets, and gives their keys, and those of the certificate that
// operators bring.
func keysOf(t *testing.T) map[string][]string {
	t.Helper()
	text, err := exec.Command(root + "/keys.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{"ringside-tls": {corev1.TLSCertKey, corev1.TLSPrivateKeyKey}}
	for document := range strings.SplitSeq(string(text), "---\n") {
		s := &corev1.Secret{}
		if err := yaml.UnmarshalStrict([]byte(document), s); err != nil {
			t.Fatal(err)
		}
		if err := admit([]byte(strings.Replace(document, "metadata:\n", "metadata:\n  namespace: ringside\n", 1))); err != nil {
			t.Error(err)
		}
		for key, value := range s.Data {
			if len(value) < 24 {
				t.Errorf("%s of Secret %s has %d bytes", key, s.Name, len(value))
			}
			keys[s.Name] = append(keys[s.Name], key)
		}
	}
	return keys
}

// TestProgramsRefuses: each of these checks has been seen to fail.
func TestProgramsRefuses(t *testing.T) {
	grace := int64(60)
	w := workload{spec: corev1.PodSpec{TerminationGracePeriodSeconds: &grace}}
	w.container.Env = []corev1.EnvVar{
		{Name: "RINGSIDE_DRAIN", Value: "50s"}, {Name: "RINGSIDE_URL", Value: "http://$(POD_NAME)"}, {Name: "POD_NAME"},
		{Name: "GOMEMLIMIT", Value: "500MiB"}, {Name: "RINGSIDE_TICKET_KEY", Value: "/etc/ringside/ticket/ticket.pem"},
	}
	manifest := `{limits: {memory: 512Mi}}`
	if err := yaml.UnmarshalStrict([]byte(manifest), &w.container.Resources); err != nil {
		t.Fatal(err)
	}
	for what, errs := range map[string][]error{
		"variables": w.badVariables([]string{"drain", "ticket-key"}), "times": w.badTimes(), "memory": w.badMemory(), "files": w.badFiles(nil),
	} {
		if want := map[string]int{"variables": 2}[what]; len(errs) != max(1, want) {
			t.Errorf("%s: %v", what, errs)
		}
	}
}
