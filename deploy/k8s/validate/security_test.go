package validate

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// restricted asks the code of the API server's own admission.
func restricted(t *testing.T, spec corev1.PodSpec) policy.AggregateCheckResult {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return policy.AggregateCheckResults(evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &metav1.ObjectMeta{}, &spec))
}

// The namespace enforces the restricted Pod Security Standard: every pod must pass it. TestChartIsKustomize says that those of the
// chart are the same.
func TestPodsAreRestricted(t *testing.T) {
	for _, folder := range overlays(t) {
		for _, w := range workloads(t, folder) {
			if r := restricted(t, w.spec); !r.Allowed {
				t.Errorf("%s, %s: %s: %s", folder, w.name, r.ForbiddenReason(), r.ForbiddenDetail())
			}
			w.container.SecurityContext.AllowPrivilegeEscalation = nil
			w.spec.Containers = []corev1.Container{w.container}
			if r := restricted(t, w.spec); r.Allowed {
				t.Errorf("%s, %s: a pod that may escalate its privileges passes", folder, w.name)
			}
		}
	}
}
