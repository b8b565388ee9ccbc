// Package limit bounds how often one stranger may do something: a token bucket for each key (an identity, an address),
// with a bounded number of keys.
package limit

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// DefaultKeys bounds the keys of a Limiter whose Config names none: about 10 MB at most.
const DefaultKeys = 1 << 16

// Config says how often one key may act.
type Config struct {
	Every time.Duration // the time in which one token comes back; 0: no limit at all
	Burst int           // tokens of a key that has not acted for long, at least 1
	// Keys is the number of keys that are remembered, 0 for DefaultKeys. At the limit the key that was used longest ago
	// is forgotten, and has all its tokens when it comes again.
	Keys int
	// Refused, when not nil, is called for every refusal, under no lock, as by a counter of the metrics.
	Refused func()
}

func (c Config) Validate() error {
	switch {
	case c.Every < 0:
		return errors.New("limit: Every is negative; use 0 for no limit")
	case c.Every > 0 && c.Burst < 1:
		return errors.New("limit: Burst is below 1, so nothing would ever be allowed; use 1 or more")
	case c.Keys < 0:
		return errors.New("limit: Keys is negative; use 0 for the default")
	}
	return nil
}

// Limiter holds one token bucket a key. Its methods may be called from any goroutine; a nil Limiter limits nothing.
type Limiter[K comparable] struct {
	config Config

	mu      sync.Mutex // held for map operations only
	buckets *simplelru.LRU[K, *rate.Limiter]
}

// New builds a Limiter. It returns nil, which limits nothing, when c.Every is 0, and panics if c is not valid.
func New[K comparable](c Config) *Limiter[K] {
	if err := c.Validate(); err != nil {
		panic(err)
	}
	if c.Every == 0 {
		return nil
	}
	if c.Keys == 0 {
		c.Keys = DefaultKeys
	}
	buckets, err := simplelru.NewLRU[K, *rate.Limiter](c.Keys, nil)
	if err != nil {
		panic(err) // for a size below 1 only
	}
	return &Limiter[K]{config: c, buckets: buckets}
}

// Take takes one token of key. If there is none it takes nothing and returns the time until there will be one.
func (l *Limiter[K]) Take(key K) (wait time.Duration, ok bool) { return l.TakeAll(key, 1) }

// TakeAll takes n tokens of key. If there are fewer it takes nothing and returns the time until there will be n, which is for ever for more than
// the burst.
func (l *Limiter[K]) TakeAll(key K, n int) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	now := time.Now()
	r := l.bucket(key).ReserveN(now, n)
	wait = r.DelayFrom(now)
	if wait == 0 {
		return 0, true
	}
	r.CancelAt(now)
	if l.config.Refused != nil {
		l.config.Refused()
	}
	return wait, false
}

// Keys returns the number of keys that are remembered.
func (l *Limiter[K]) Keys() int {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buckets.Len()
}

func (l *Limiter[K]) bucket(key K) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets.Get(key)
	if !known {
		b = rate.NewLimiter(rate.Every(l.config.Every), l.config.Burst)
		l.buckets.Add(key, b)
	}
	return b
}

// Network returns the key that counts an address: an IPv4 address by itself, an IPv6 address by its /64, since one
// subscriber gets at least a whole /64. An IPv4 address that is mapped into IPv6 counts as IPv4; zones do not count.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for no bits of a valid address; the zero Prefix counts all invalid ones as one
	return p
}
