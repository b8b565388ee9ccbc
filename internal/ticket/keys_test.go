package ticket

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, name string, parts ...[]byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	var data []byte
	for _, part := range parts {
		data = append(data, part...)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func generate(t *testing.T) (private, public []byte) {
	t.Helper()
	private, public, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func TestGeneratedKeysLoadAndMatch(t *testing.T) {
	private, publicPEM := generate(t)
	_, other := generate(t)
	key, err := LoadPrivateKey(writeFile(t, "key.pem", private))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := LoadPublicKeys(writeFile(t, "two.pem", other, []byte("# a note between\n"), publicPEM), writeFile(t, "one.pem", other))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 3 || !keys[1].Equal(key.Public()) || keys[0].Equal(keys[1]) || !keys[0].Equal(keys[2]) {
		t.Errorf("keys %x of %x", keys, key.Public())
	}
	if _, err := NewVerifier(keys...).Verify(sign(t, key, good()), now); err != nil {
		t.Error(err)
	}
}

// The file was made by `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`.
func TestKeysOfOpenSSL(t *testing.T) {
	key, err := LoadPrivateKey("testdata/openssl.key.pem")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := LoadPublicKeys("testdata/openssl.pub.pem")
	if err != nil || len(keys) != 1 || !keys[0].Equal(key.Public()) {
		t.Errorf("keys %x of %x, %v", keys, key.Public(), err)
	}
}

func TestLoadingSaysWhatIsWrong(t *testing.T) {
	private, publicPEM := generate(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curvePrivate, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	curvePublic, err := x509.MarshalPKIXPublicKey(curve.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, data []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}) }
	for _, c := range []struct {
		want string
		data []byte
		load func(file string) error
	}{
		{`holds a PEM block "PUBLIC KEY", want "PRIVATE KEY"`, publicPEM, loadPrivate},
		{`holds a PEM block "PRIVATE KEY", want "PUBLIC KEY"`, private, loadPublic},
		{`holds no PEM block; want "PRIVATE KEY"`, []byte("secret"), loadPrivate},
		{`holds no PEM block; want "PUBLIC KEY"`, nil, loadPublic},
		{"holds 2 keys", append(append([]byte{}, private...), private...), loadPrivate},
		{"*ecdsa.PrivateKey; make an Ed25519 key", block("PRIVATE KEY", curvePrivate), loadPrivate},
		{"*ecdsa.PublicKey; only Ed25519", block("PUBLIC KEY", curvePublic), loadPublic},
		{"asn1", block("PRIVATE KEY", []byte{1, 2}), loadPrivate},
		{"key 2 of", append(append([]byte{}, publicPEM...), block("PUBLIC KEY", []byte{1, 2})...), loadPublic},
	} {
		file := writeFile(t, "some.pem", c.data)
		if err := c.load(file); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) {
			t.Errorf("want an error with %q and the file's name, got: %v", c.want, err)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, load := range []func(string) error{loadPrivate, loadPublic} {
		if err := load(missing); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("missing file: %v", err)
		}
	}
}

func loadPrivate(file string) error {
	_, err := LoadPrivateKey(file)
	return err
}

func loadPublic(file string) error {
	_, err := LoadPublicKeys(file)
	return err
}

// Processes of one development fleet agree on the key without a file.
func TestDevKeyIsFixed(t *testing.T) {
	if id := KeyID(public(DevKey())); id != "O6R-gn6Ytm8" {
		t.Errorf("the development key is %s", id)
	}
}
