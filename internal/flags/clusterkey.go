package flags

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ClusterKey reads the key that encrypts gossip and authenticates peer links: base64 of 16, 24 or 32 bytes, given as
// value (-cluster-key) or as the content of file (-cluster-key-file), not as both. Neither gives nil: a fleet without a
// key, which runs on loopback only. Errors never show the key.
func ClusterKey(value, file string) ([]byte, error) {
	switch {
	case value != "" && file != "":
		return nil, errors.New("-cluster-key and -cluster-key-file are both given; give one")
	case file != "":
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("-cluster-key-file: %w", err)
		}
		if value = strings.TrimSpace(string(b)); value == "" {
			return nil, fmt.Errorf("-cluster-key-file: %s is empty; make a key with: openssl rand -base64 32", file)
		}
	case value == "":
		return nil, nil
	}
	key, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, errors.New("the cluster key is not base64; make one with: openssl rand -base64 32")
	}
	switch len(key) {
	case 16, 24, 32:
		return key, nil
	}
	return nil, fmt.Errorf("the cluster key has %d bytes, but 16, 24 or 32 are needed; make one with: openssl rand -base64 32", len(key))
}
