package validate

import (
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"github.com/ringside-go/ringside/internal/obs"
)

// exported is the names of the series that the programs export, with the labels that they give to each.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	registry := prometheus.NewRegistry()
	obs.NewMetrics(registry)
	obs.RegisterLog(registry, slog.Default())
	obs.RegisterBuild(registry, "v1")
	obs.RegisterCertificate(registry, "fleet", time.Now)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	described := make(chan *prometheus.Desc)
	go func() {
		defer close(described)
		registry.Describe(described)
	}()
	// A Desc shows itself in its text alone.
	text := regexp.MustCompile(`fqName: "([^"]+)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
	names := map[string][]string{}
	for d := range described {
		m := text.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("%s is not understood", d)
		}
		names[m[1]] = strings.Split(m[3], ",")
		for constant := range strings.SplitSeq(m[2], ",") {
			name, _, _ := strings.Cut(constant, "=")
			names[m[1]] = append(names[m[1]], name)
		}
	}
	if len(names) < 30 {
		t.Fatalf("only %d series are exported", len(names))
	}
	return names
}

// scraped are the labels that Prometheus adds.
var scraped = []string{"namespace", "pod", "container", "le"}

// checkQuery reports what a query asks for that is not exported.
func checkQuery(t *testing.T, names map[string][]string, where, query string) {
	t.Helper()
	query = strings.NewReplacer("$__rate_interval", "1m", "$namespace", "ringside").Replace(query)
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		name := v.Name
		for _, suffix := range []string{"_bucket", "_count", "_sum"} { // of a histogram
			if _, known := names[name]; !known {
				name = strings.TrimSuffix(v.Name, suffix)
			}
		}
		have, known := names[name]
		if !known {
			t.Errorf("%s: no program exports %s", where, v.Name)
			return nil
		}
		for _, m := range v.LabelMatchers {
			if m.Name != labels.MetricName && !contains(have, m.Name) && !contains(scraped, m.Name) {
				t.Errorf("%s: %s has no label %s", where, name, m.Name)
			}
		}
		return nil
	})
}

func contains(all []string, one string) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}

// TestMonitoring: all queries of alerts and dashboard are of series that are exported, and each alert says what to do, here
// and in README.md.
func TestMonitoring(t *testing.T) {
	names := exported(t)
	readme, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	alerts, panels := 0, 0
	for _, r := range build(t, root+"/monitoring").Resources() {
		manifest, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		switch r.GetKind() {
		case "ServiceMonitor":
			err = yaml.UnmarshalStrict(manifest, &monitoringv1.ServiceMonitor{})
		case "ConfigMap":
			err = yaml.Unmarshal(manifest, &struct{}{})
			panels += checkDashboard(t, names)
		case "PrometheusRule":
			rule := &monitoringv1.PrometheusRule{}
			err = yaml.UnmarshalStrict(manifest, rule)
			for _, g := range rule.Spec.Groups {
				for _, a := range g.Rules {
					alerts++
					checkQuery(t, names, a.Alert, a.Expr.String())
					if a.Annotations["summary"] == "" || len(a.Annotations["runbook"]) < 80 || a.Labels["severity"] == "" {
						t.Errorf("alert %s lacks a summary, a severity or a runbook", a.Alert)
					}
					if !strings.Contains(string(readme), "| `"+a.Alert+"` |") {
						t.Errorf("README.md does not list alert %s", a.Alert)
					}
				}
			}
		}
		if err != nil {
			t.Errorf("%s: %v", r.CurId(), err)
		}
	}
	if alerts == 0 || panels == 0 {
		t.Errorf("%d alerts and %d panels were found", alerts, panels)
	}
}

func checkDashboard(t *testing.T, names map[string][]string) (panels int) {
	t.Helper()
	text, err := os.ReadFile(root + "/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			checkQuery(t, names, "panel "+p.Title, target.Expr)
		}
	}
	return len(dashboard.Panels)
}
