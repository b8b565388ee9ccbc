package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// The stub says what it was told, for each pod, as the autoscaler reads it.
func TestMetricsStub(t *testing.T) {
	stub := new(metricsStub)
	get := func(path string) string {
		w := httptest.NewRecorder()
		stub.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Body.String()
	}
	if text := get(metricsPath + "/set?busy=900m&pods=x"); !strings.Contains(text, "invalid") {
		t.Errorf("x pods give %s", text)
	}
	get(metricsPath + "/set?busy=900m&pods=2")
	text := get(metricsPath + "/namespaces/ringside/pods/*/ringside_worker_busy_ratio?labelSelector=a%3Db")
	for _, want := range []string{`"kind":"MetricValueList"`, `"name":"gameserver-0"`, `"name":"gameserver-1"`, `"value":"900m"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
	if strings.Contains(text, "gameserver-2") || !strings.Contains(get(metricsPath), "pods/ringside_worker_busy_ratio") {
		t.Errorf("got %s and %s", text, get(metricsPath))
	}
}
