package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// metricsPath is where Kubernetes looks for the metrics of scaling/load.
	metricsPath = "/apis/custom.metrics.k8s.io/v1beta2"
	busyMetric  = "ringside_worker_busy_ratio"
)

// metricsStub stands for the Prometheus adapter of scaling/load: it says of the first pods of the StatefulSet that their busiest
// workers are so busy, whatever they are.
type metricsStub struct {
	mu   sync.Mutex
	busy string // a quantity, such as 900m
	pods int
}

// ServeHTTP answers the API server, and at metricsPath+"/set?busy=900m&pods=3" whoever directs the test.
func (s *metricsStub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	var answer object
	switch r.URL.Path {
	case metricsPath:
		answer = object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "custom.metrics.k8s.io/v1beta2", "resources": []object{
			{"name": "pods/" + busyMetric, "singularName": "", "namespaced": true, "kind": "MetricValueList", "verbs": []string{"get"}}}}
	case metricsPath + "/set":
		pods, err := strconv.Atoi(r.FormValue("pods"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.busy, s.pods = r.FormValue("busy"), pods
		answer = object{"busy": s.busy, "pods": s.pods}
	case metricsPath + "/namespaces/" + namespace + "/pods/*/" + busyMetric:
		answer = object{"kind": "MetricValueList", "apiVersion": "custom.metrics.k8s.io/v1beta2", "metadata": object{}, "items": s.items(time.Now())}
	default:
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *metricsStub) items(now time.Time) (items []object) {
	for i := range s.pods {
		items = append(items, object{
			"describedObject": object{"kind": "Pod", "namespace": namespace, "name": fmt.Sprint("gameserver-", i), "apiVersion": "/v1"},
			"metric":          object{"name": busyMetric}, "timestamp": now.UTC().Format(time.RFC3339), "windowSeconds": 60, "value": s.busy,
		})
	}
	return items
}

// serveMetrics runs a stub until the process ends.
func serveMetrics(address string) error {
	cert, key, err := selfSigned("metrics")
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: new(metricsStub), TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
	return server.ListenAndServeTLS("", "")
}
