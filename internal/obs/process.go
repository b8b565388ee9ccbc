package obs

import (
	"crypto/tls"
	"math"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// RegisterBuild registers ringside_build_info, which is 1 and names the version of this program and of Go.
func RegisterBuild(reg prometheus.Registerer, version string) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "ringside", Name: "build_info", Help: "1; its labels name the version of this program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()}}, func() float64 { return 1 }))
}

// RegisterCertificate registers the end of a certificate as it is at each scrape, in Unix seconds; infinite where expires gives the zero
// time. The use "fleet" is for the one that this process shows to the fleet, or the CA's with which it issues its own.
func RegisterCertificate(reg prometheus.Registerer, use string, expires func() time.Time) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "ringside", Name: "certificate_expiry_timestamp_seconds",
		Help: "Unix time at which a certificate ends.", ConstLabels: prometheus.Labels{"use": use}}, func() float64 {
		if end := expires(); !end.IsZero() {
			return float64(end.Unix())
		}
		return math.Inf(1)
	}))
}

// RegisterClientCertificate registers the end of the certificate that c shows to players, with the use "clients".
func RegisterClientCertificate(reg prometheus.Registerer, c *tls.Config) {
	RegisterCertificate(reg, "clients", func() time.Time {
		var shown *tls.Certificate
		switch {
		case c.GetCertificate != nil:
			shown, _ = c.GetCertificate(&tls.ClientHelloInfo{}) // without one there is no end
		case len(c.Certificates) > 0:
			shown = &c.Certificates[0]
		}
		if shown == nil || shown.Leaf == nil {
			return time.Time{}
		}
		return shown.Leaf.NotAfter
	})
}
