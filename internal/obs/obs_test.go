package obs

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// The metrics of each role are registered under names that the linter of Prometheus has nothing against, and are there from the start.
func TestMetricsAreRegisteredAndWellNamed(t *testing.T) {
	roles := map[string]int{} // how many of them export a family
	for _, m := range []struct {
		role  string
		build func(prometheus.Registerer) any
	}{
		{"router", func(r prometheus.Registerer) any { return NewRouterMetrics(r) }},
		{"game server", func(r prometheus.Registerer) any { return NewServerMetrics(r) }},
	} {
		registry := prometheus.NewPedanticRegistry()
		n := fill(t, reflect.ValueOf(m.build(registry)).Elem())
		problems, err := testutil.GatherAndLint(registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v, %v", m.role, problems, err)
		}
		families, err := registry.Gather()
		if err != nil || len(families) != n {
			t.Errorf("%s: %d series names for %d fields, %v", m.role, len(families), n, err)
		}
		for _, f := range families {
			if !strings.HasPrefix(f.GetName(), "ringside_") || f.GetHelp() == "" {
				t.Errorf("%s: %s: %q", m.role, f.GetName(), f.GetHelp())
			}
			roles[f.GetName()]++
		}
	}
	both := 0
	for _, n := range roles {
		both += n - 1
	}
	if want := reflect.TypeFor[Shared]().NumField(); both != want {
		t.Errorf("%d families are exported by both roles; want the %d of Shared", both, want)
	}
}

// fill gives each vector in the fields of a struct a series, without which it does not show, and counts the fields.
func fill(t *testing.T, fields reflect.Value) (n int) {
	t.Helper()
	for i := range fields.NumField() {
		switch v := fields.Field(i).Interface().(type) {
		case Shared:
			n += fill(t, fields.Field(i)) - 1
		case *prometheus.CounterVec:
			v.WithLabelValues(labels(t, v)...).Inc()
		case *prometheus.GaugeVec:
			v.WithLabelValues(labels(t, v)...).Set(1)
		case *prometheus.HistogramVec:
			v.WithLabelValues(labels(t, v)...).Observe(1)
		}
		n++
	}
	return n
}

// labels returns as many values as the vector has labels.
func labels(t *testing.T, c prometheus.Collector) []string {
	t.Helper()
	described := make(chan *prometheus.Desc, 1)
	c.Describe(described)
	// A Desc shows its labels in its text alone: … variableLabels: {a,b}}
	_, list, ok := strings.Cut((<-described).String(), "variableLabels: {")
	if !ok {
		t.Fatal("a Desc without labels")
	}
	return strings.Split(strings.TrimRight(list, "}"), ",")
}

func TestMetricsCanStayUnregistered(t *testing.T) {
	NewServerMetrics(nil).Rooms.Set(1)
	NewServerMetrics(nil).Rooms.Set(1)
}

func TestLogger(t *testing.T) {
	var b bytes.Buffer
	for format, want := range map[string]string{
		"text": "level=WARN msg=hello server=ringside-0 room=r-1 took=1.5s\n",
		"json": `"level":"WARN","msg":"hello","server":"ringside-0","room":"r-1","took":"1.5s"}` + "\n",
	} {
		b.Reset()
		logger, err := NewLogger(&b, slog.LevelWarn, format, slog.String("server", "ringside-0"))
		if err != nil {
			t.Fatal(err)
		}
		logger.Info("not shown")
		logger.Warn("hello", "room", "r-1", "took", 1500*time.Millisecond)
		Flush(logger)
		if got := b.String(); !strings.HasSuffix(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: %q, want %q at the end", format, got, want)
		}
	}
	if l, err := NewLogger(&b, slog.LevelWarn, "xml"); err == nil || err.Error() != `log format "xml" is unknown; it is text or json` {
		t.Errorf("%v, %v", l, err)
	}
}

func TestProblem(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("Retry-After", "1")
	Problem(w, http.StatusServiceUnavailable, `no game server runs "chess"; start one`)
	want := `{"title":"Service Unavailable","status":503,"detail":"no game server runs \"chess\"; start one"}` + "\n"
	if w.Code != 503 || w.Body.String() != want {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
	for key, value := range map[string]string{
		"Content-Type": "application/problem+json", "Cache-Control": "no-store", "Retry-After": "1",
	} {
		if got := w.Header().Get(key); got != value {
			t.Errorf("%s: %q, want %q", key, got, value)
		}
	}
}
