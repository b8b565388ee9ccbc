package flags

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

// MinClusterKey is the least length of a cluster key in bytes.
const MinClusterKey = 16

// ClusterKeys reads the keys that gossip is encrypted with: base64 of MinClusterKey bytes or more each, separated by commas or
// white space, as value (-cluster-key) or as the content of file (-cluster-key-file), not as both. The first one encrypts, all
// decrypt. Neither gives nil: a fleet without a key, which runs on loopback only. Errors never show a key.
func ClusterKeys(value, file string) (keys [][]byte, err error) {
	switch {
	case value != "" && file != "":
		return nil, errors.New("-cluster-key and -cluster-key-file are both given; give one")
	case file != "":
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("-cluster-key-file: %w", err)
		}
		if value = string(b); strings.TrimSpace(value) == "" {
			return nil, fmt.Errorf("-cluster-key-file: %s is empty; make a key with: openssl rand -base64 32", file)
		}
	}
	for text := range strings.FieldsSeq(strings.ReplaceAll(value, ",", " ")) {
		key, err := base64.StdEncoding.DecodeString(text)
		switch {
		case err != nil:
			return nil, fmt.Errorf("cluster key %d is not base64; make one with: openssl rand -base64 32", len(keys)+1)
		case len(key) < MinClusterKey:
			return nil, fmt.Errorf("cluster key %d has %d bytes, but at least %d are needed; make one with: openssl rand -base64 32",
				len(keys)+1, len(key), MinClusterKey)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
