package auth_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"chatd/internal/auth"
	"chatd/internal/chat"
)

// A token that is remembered is checked against what may have changed.
func TestRememberedTokensAreChecked(t *testing.T) {
	t.Parallel()
	v := auth.NewVerifier(10)
	s := token(hs256, `{"user_id":"ann","iat":1772366000,"nbf":1772366300,"exp":1772366401}`, secret)
	revoked := now
	for _, step := range []struct {
		name   string
		token  string
		secret string
		change func(*auth.Options)
		kind   chat.Kind
	}{
		{"good", s, secret, func(*auth.Options) {}, ""},
		{"expired", s, secret, func(o *auth.Options) { o.Now = now.Add(time.Second) }, chat.TokenExpired},
		{"not yet valid", s, secret, func(o *auth.Options) { o.Now = now.Add(-5 * time.Minute) }, chat.TokenNotYetValid},
		{"revoked", s, secret, func(o *auth.Options) { o.AppRevoked = &revoked }, chat.TokenExpired},
		{"of another app", s, "another", func(*auth.Options) {}, chat.TokenSignature},
		{"changed", s[:len(s)-4] + "AAAA", secret, func(*auth.Options) {}, chat.TokenSignature},
		{"still good", s, secret, func(*auth.Options) {}, ""},
	} {
		o := options()
		step.change(&o)
		claims, err := v.Verify(step.token, []string{step.secret}, o)
		checkError(t, step.name, err, step.kind, "")
		if err == nil && claims.UserID != "ann" {
			t.Errorf("%s: %+v", step.name, claims)
		}
	}
}

// A token that was only taken because checks were off is not remembered as good.
func TestUncheckedTokensAreNotRemembered(t *testing.T) {
	t.Parallel()
	v := auth.NewVerifier(10)
	dev := b64(hs256) + "." + b64(ann) + ".devtoken"
	o := options()
	o.DisableAuthChecks = true
	if _, err := v.Verify(dev, []string{secret}, o); err != nil {
		t.Fatal(err)
	}
	_, err := v.Verify(dev, []string{secret}, options())
	checkError(t, "with checks", err, chat.TokenSignature, "")
}

// However many tokens come, in whatever order, few are remembered and each gets
// its own claims.
func TestVerifierIsBounded(t *testing.T) {
	t.Parallel()
	const size, users = 8, 50
	v := auth.NewVerifier(size)
	for round := range 3 {
		for i := range users {
			id := fmt.Sprint("user-", i)
			claims, err := v.Verify(token(hs256, `{"user_id":"`+id+`"}`, secret), []string{secret}, options())
			if err != nil || claims.UserID != id {
				t.Fatalf("round %d: %+v, %v, want %s", round, claims, err, id)
			}
			if n := v.Len(); n > size {
				t.Fatalf("%d tokens remembered", n)
			}
		}
	}
}

// A token in use outlives those that are not.
func TestVerifierKeepsTokensInUse(t *testing.T) {
	t.Parallel()
	v := auth.NewVerifier(8)
	used := token(hs256, ann, secret)
	for i := range 20 {
		for _, s := range []string{used, token(hs256, fmt.Sprintf(`{"user_id":"u%d"}`, i), secret)} {
			if _, err := v.Verify(s, []string{secret}, options()); err != nil {
				t.Fatal(err)
			}
		}
		if !v.Remembers(used, secret) {
			t.Fatalf("forgotten after %d others", i+1)
		}
	}
}

func TestVerifierConcurrently(t *testing.T) {
	t.Parallel()
	v := auth.NewVerifier(4)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				id := fmt.Sprint("user-", (i+g)%10)
				claims, err := v.Verify(token(hs256, `{"user_id":"`+id+`"}`, secret), []string{secret}, options())
				if err != nil || claims.UserID != id {
					t.Errorf("%+v, %v, want %s", claims, err, id)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkVerify(b *testing.B) {
	s := token(hs256, `{"user_id":"ann","iat":1772366000}`, secret)
	secrets := []string{secret}
	v := auth.NewVerifier(0)
	for name, verify := range map[string]func(string, []string, auth.Options) (auth.Claims, error){
		"uncached": auth.Verify, "remembered": v.Verify,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verify(s, secrets, options()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
