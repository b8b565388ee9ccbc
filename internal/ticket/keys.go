package ticket

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
)

const (
	privateBlock = "PRIVATE KEY" // PKCS#8
	publicBlock  = "PUBLIC KEY"  // PKIX
)

// KeyID names a public key in a token's header: the first 8 bytes of its SHA-256 as base64url.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return base64.RawURLEncoding.EncodeToString(sum[:8])
}

// DevKey returns the well-known development key. Anyone can sign with it, so its users refuse it where the fleet can be
// reached from other machines.
func DevKey() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("ringside development key, known to everyone"))
	return ed25519.NewKeyFromSeed(seed[:])
}

// GenerateKey returns a new key pair as PEM: private for LoadPrivateKey, public for LoadPublicKeys.
func GenerateKey() (private, public []byte, err error) {
	publicKey, privateKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(privateKey)
	if err != nil {
		return nil, nil, err
	}
	publicDER, err := x509.MarshalPKIXPublicKey(publicKey)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: privateDER}),
		pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: publicDER}), nil
}

// LoadPrivateKey reads a PEM file with one Ed25519 key in PKCS#8, as `openssl genpkey -algorithm ed25519` writes it.
func LoadPrivateKey(file string) (ed25519.PrivateKey, error) {
	blocks, err := readPEM(file, privateBlock)
	if err != nil {
		return nil, fmt.Errorf("load private key: %w", err)
	}
	if len(blocks) > 1 {
		return nil, fmt.Errorf("load private key: %s holds %d keys; leave the one to sign with", file, len(blocks))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(blocks[0])
	if err != nil {
		return nil, fmt.Errorf("load private key: %s: %w", file, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("load private key: %s holds a %T; make an Ed25519 key with "+
			"`openssl genpkey -algorithm ed25519 -out %[1]s`", file, parsed)
	}
	return key, nil
}

// LoadPublicKeys reads PEM files with one or more Ed25519 keys each in PKIX, as `openssl pkey -pubout` writes them.
func LoadPublicKeys(files ...string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for _, file := range files {
		blocks, err := readPEM(file, publicBlock)
		if err != nil {
			return nil, fmt.Errorf("load public keys: %w", err)
		}
		for i, block := range blocks {
			parsed, err := x509.ParsePKIXPublicKey(block)
			if err != nil {
				return nil, fmt.Errorf("load public keys: key %d of %s: %w", i+1, file, err)
			}
			key, ok := parsed.(ed25519.PublicKey)
			if !ok {
				return nil, fmt.Errorf("load public keys: key %d of %s is a %T; only Ed25519 keys are trusted", i+1, file, parsed)
			}
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// readPEM returns the contents of the file's PEM blocks, at least one, all of which must be of type want.
func readPEM(file, want string) ([][]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var blocks [][]byte
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != want {
			return nil, fmt.Errorf("%s holds a PEM block %q, want %q", file, block.Type, want)
		}
		blocks = append(blocks, block.Bytes)
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%s holds no PEM block; want %q", file, want)
	}
	return blocks, nil
}
