package auth

import "crypto/sha256"

// Len returns how many tokens are remembered.
func (v *Verifier) Len() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.young) + len(v.old)
}

// Remembers tells whether a token is remembered.
func (v *Verifier) Remembers(token, secret string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	key := cacheKey{token: sha256.Sum256([]byte(token)), secret: secret}
	return v.young[key] != nil || v.old[key] != nil
}
