package validate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"github.com/ringside-go/ringside/internal/certs"
)

// series are the values of each label of a series, as processes that have just started export them.
type series map[string]map[string][]string

// exported gives the series of a router and a game server that run, each scraped once.
func exported(t *testing.T) series {
	t.Helper()
	dir := t.TempDir()
	ca, err := certs.WriteCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	webhooks := filepath.Join(dir, "webhooks.json")
	if err := os.WriteFile(webhooks, []byte(`[{"name": "studio", "url": "https://studio.example.com/outcomes", "secrets": ["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", dir+"/", "./router", "./gameserver")
	build.Dir = "../../.."
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	all := series{}
	scrape(t, all, filepath.Join(dir, "router"), "-fleet-cert", ca.Cert, "-fleet-key", ca.Key, "-results", "sqlite:"+dir, "-webhooks", webhooks)
	scrape(t, all, filepath.Join(dir, "gameserver"))
	if len(all) < 30 {
		t.Fatalf("only %d series are exported", len(all))
	}
	return all
}

// address finds where a process listens, in its log.
var address = regexp.MustCompile(`starts".* url=(\S+)`)

// scrape runs a program and adds what it exports to all.
func scrape(t *testing.T, all series, program string, args ...string) {
	t.Helper()
	process := exec.Command(program, append(args, "-name", "one", "-listen", "127.0.0.1:0")...)
	stderr, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	}()
	var log strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&log, lines.Text())
		m := address.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		go func() { _, _ = io.Copy(io.Discard, stderr) }()
		resp, err := http.Get(m[1] + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		for name, family := range families {
			all.add(name, family)
		}
		return
	}
	t.Fatalf("%s does not start: %s", program, log.String())
}

// add adds the series of a family.
func (s series) add(name string, family *dto.MetricFamily) {
	if s[name] == nil {
		s[name] = map[string][]string{}
	}
	for _, m := range family.Metric {
		for _, l := range m.Label {
			s[name][l.GetName()] = append(s[name][l.GetName()], l.GetValue())
		}
	}
}

// scraped are the labels that Prometheus adds.
var scraped = []string{"namespace", "pod", "container", "le"}

// checkQuery reports what a query asks for that is not exported.
func checkQuery(t *testing.T, names series, where, query string) {
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
			values, labelled := have[m.Name]
			switch {
			case m.Name == labels.MetricName || slices.Contains(scraped, m.Name):
			case !labelled:
				t.Errorf("%s: %s has no label %s", where, name, m.Name)
			case (m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp) && !slices.ContainsFunc(values, m.Matches):
				t.Errorf("%s: no series of %s has %s; there are %v", where, name, m, values)
			}
		}
		return nil
	})
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

func checkDashboard(t *testing.T, names series) (panels int) {
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
