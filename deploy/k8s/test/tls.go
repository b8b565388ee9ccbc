package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// domain is that of the players' names in the overlay tls. No DNS knows it: the bots' pod has it among its own hosts.
const domain = "play.example.com"

// selfSigned makes a certificate that signs itself, and its key, in PEM.
func selfSigned(names ...string) (cert, private []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().Unix()), DNSNames: names,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), err
}

// certify brings a certificate for the domain to the programs and to the bots.
func (f *fleet) certify(ctx context.Context) error {
	crt, key, err := selfSigned(domain, "*."+domain)
	if err != nil {
		return err
	}
	cert := string(crt)
	secret := object{"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata": object{"name": "ringside-tls", "namespace": namespace}, "stringData": object{"tls.crt": cert, "tls.key": string(key)}}
	trusted := object{"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": object{"name": "trusted", "namespace": botNamespace}, "data": object{"tls.crt": cert}}
	text, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": []object{botsHome, secret, trusted}})
	if err == nil {
		_, err = f.feed(ctx, text, "apply", "-f", "-")
	}
	return err
}

// trusting makes the bots' pod trust the certificate, and find the names at the nodes.
func (f *fleet) trusting(pod object) {
	names := []string{domain}
	for i := range 10 {
		names = append(names, fmt.Sprintf("gameserver-%d.%s", i, domain))
	}
	spec := pod["spec"].(object)
	spec["hostAliases"] = []object{{"ip": f.options.host, "hostnames": names}}
	spec["volumes"] = []object{{"name": "trusted", "configMap": object{"name": "trusted"}}}
	container := spec["containers"].([]object)[0]
	container["env"] = []object{{"name": "SSL_CERT_FILE", "value": "/trusted/tls.crt"}}
	container["volumeMounts"] = []object{{"name": "trusted", "mountPath": "/trusted", "readOnly": true}}
}
