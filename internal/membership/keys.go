package membership

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	// minKey is the least length of a cluster key in bytes.
	minKey = 16
	// keyInterval is how often the cluster keys are asked for. Members may have different ones for much longer.
	keyInterval = 10 * time.Second
	// keyPurpose binds a derived key to gossip: nothing else that is ever derived from a cluster key equals it.
	keyPurpose = "ringside gossip 1"
)

// gossipKeys derives the keys of gossip, AES-256, from cluster keys.
func gossipKeys(secrets [][]byte) (keys [][]byte, err error) {
	for _, secret := range secrets {
		if len(secret) < minKey {
			return nil, fmt.Errorf("a cluster key has %d bytes; at least %d are needed", len(secret), minKey)
		}
		key, err := hkdf.Key(sha256.New, secret, nil, keyPurpose, 32)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// newKeyring is nil without keys: gossip is in the clear.
func newKeyring(secrets [][]byte) (*memberlist.Keyring, error) {
	keys, err := gossipKeys(secrets)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return memberlist.NewKeyring(keys, keys[0])
}

// followKeys takes over changed cluster keys until ctx ends.
func (g *Gossip) followKeys(ctx context.Context, secrets func() [][]byte) {
	if secrets == nil || g.settings.Keyring == nil {
		return
	}
	tick := time.NewTicker(keyInterval)
	defer tick.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed, err := useKeys(g.settings.Keyring, secrets())
		switch {
		case err != nil && err.Error() != last:
			last = err.Error()
			g.logger.Error("changed cluster keys cannot be used; those before stay in use", "error", err)
		case changed:
			last = ""
			g.logger.Info("cluster keys changed", "keys", len(g.settings.Keyring.GetKeys()))
		}
	}
}

// useKeys makes the keys of ring those of secrets, and reports whether they were others.
func useKeys(ring *memberlist.Keyring, secrets [][]byte) (changed bool, err error) {
	want, err := gossipKeys(secrets)
	if err == nil && len(want) == 0 {
		err = errors.New("no cluster key is left")
	}
	if err != nil {
		return false, err
	}
	have := ring.GetKeys()
	if slices.EqualFunc(have, want, bytes.Equal) {
		return false, nil
	}
	// New keys first, so that whatever others encrypt from now on can be read.
	for _, key := range want {
		if err := ring.AddKey(key); err != nil {
			return false, err
		}
	}
	if err := ring.UseKey(want[0]); err != nil {
		return false, err
	}
	// RemoveKey shifts the keys behind in place, under readers that have no lock. So keys go from the end only, and those
	// that are wanted come back.
	have = ring.GetKeys()
	for i := len(have) - 1; i > 0; i-- {
		if err := ring.RemoveKey(have[i]); err != nil {
			return false, err
		}
	}
	for _, key := range want {
		if err := ring.AddKey(key); err != nil {
			return false, err
		}
	}
	return true, nil
}
