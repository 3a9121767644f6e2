package auth

import (
	"crypto/sha256"
	"sync"
)

// Verifier is Verify with a memory: a token whose signature was found good is not
// parsed and computed again. What can change, its life and its revocation, is
// checked on every use. Only good tokens are remembered, by their hash, and at most
// a fixed number of them.
type Verifier struct {
	mu sync.RWMutex
	// Tokens are added to young; when it is full it becomes old, and what was old
	// is forgotten unless it was used meanwhile.
	young, old map[cacheKey]*Claims
	size       int // of each of the two
}

// cacheKey is a token's hash and the secret that it was checked with.
type cacheKey struct {
	token  [sha256.Size]byte
	secret string
}

// NewVerifier returns a Verifier that remembers up to size tokens (about 200 bytes
// each); 0 means 65,536.
func NewVerifier(size int) *Verifier {
	if size <= 0 {
		size = 1 << 16
	}
	size = max(size/2, 1)
	return &Verifier{young: map[cacheKey]*Claims{}, old: map[cacheKey]*Claims{}, size: size}
}

// Verify is the function of that name.
func (v *Verifier) Verify(token string, secrets []string, o Options) (Claims, error) {
	return verify(token, secrets, o, v.parse)
}

// parse is the function of that name, remembered.
func (v *Verifier) parse(token, secret string) (*Claims, error) {
	key := cacheKey{token: sha256.Sum256([]byte(token)), secret: secret}
	v.mu.RLock()
	c, fresh := v.young[key]
	if !fresh {
		c = v.old[key]
	}
	v.mu.RUnlock()
	if fresh {
		return c, nil
	}
	if c == nil {
		var err error
		if c, err = parse(token, secret); err != nil {
			return nil, err
		}
	}
	v.put(key, c)
	return c, nil
}

func (v *Verifier) put(key cacheKey, c *Claims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= v.size {
		v.young, v.old = make(map[cacheKey]*Claims, len(v.young)), v.young
	}
	v.young[key] = c
}
