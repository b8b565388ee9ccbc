package obs

import (
	"crypto/tls"
	"crypto/x509"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// value gathers the only series of name, with its labels.
func value(t *testing.T, reg *prometheus.Registry, name string) (v float64, labels map[string]string) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name && len(f.Metric) == 1 {
			labels = map[string]string{}
			for _, l := range f.Metric[0].Label {
				labels[l.GetName()] = l.GetValue()
			}
			return f.Metric[0].GetGauge().GetValue(), labels
		}
	}
	t.Fatalf("%s is not exported once", name)
	return 0, nil
}

func TestBuildInfo(t *testing.T) {
	reg := prometheus.NewRegistry()
	RegisterBuild(reg, "v1.2.3")
	if v, labels := value(t, reg, "ringside_build_info"); v != 1 || labels["version"] != "v1.2.3" || labels["goversion"] == "" {
		t.Errorf("%v, %v", v, labels)
	}
}

// The certificate that a scrape tells of is the newest one, which files may have replaced.
func TestCertificateExpiry(t *testing.T) {
	const name = "ringside_certificate_expiry_timestamp_seconds"
	end := time.Unix(2_000_000_000, 0)
	shown := func() *tls.Certificate { return &tls.Certificate{Leaf: &x509.Certificate{NotAfter: end}} }
	for what, c := range map[string]struct {
		config *tls.Config
		want   float64
	}{
		"from files": {&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown(), nil }}, 2_000_000_000},
		"fixed":      {&tls.Config{Certificates: []tls.Certificate{*shown()}}, 2_000_000_000},
		"none":       {&tls.Config{}, math.Inf(1)},
	} {
		reg := prometheus.NewRegistry()
		RegisterClientCertificate(reg, c.config)
		if v, labels := value(t, reg, name); v != c.want || labels["use"] != "clients" {
			t.Errorf("%s: %v, %v", what, v, labels)
		}
	}
	reg := prometheus.NewRegistry()
	RegisterClientCertificate(reg, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown(), nil }})
	end = end.Add(time.Hour)
	if v, _ := value(t, reg, name); v != 2_000_003_600 {
		t.Errorf("after the file was replaced: %v", v)
	}
}
