package httpapi_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatd/internal/auth"
	"chatd/internal/store"
	"chatd/internal/testkit"
)

// signed is a token of any claims.
func signed(t *testing.T, secret string, method jwt.SigningMethod, claims jwt.MapClaims) string {
	t.Helper()
	var key any = []byte(secret)
	if method == jwt.SigningMethodNone {
		key = jwt.UnsafeAllowNoneSignatureType
	}
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// devToken is a token as the SDKs make them for apps that do not check.
func devToken(claims, end string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(claims)) + "." + end
}

// ago is a time before now.
func ago(d time.Duration) *time.Time {
	at := time.Now().Add(-d)
	return &at
}

func bearer(authType, token string) http.Header {
	h := http.Header{}
	if authType != "" {
		h.Set("Stream-Auth-Type", authType)
	}
	if token != "" {
		h.Set("Authorization", token)
	}
	return h
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	s, other := testkit.Start(t), testkit.Start(t)
	s.Users("ann")
	good := s.Sign(auth.Claims{UserID: "ann"})
	hour := time.Hour
	of := func(claims jwt.MapClaims) string { return signed(t, s.Secret, jwt.SigningMethodHS256, claims) }
	const path = "/users?payload=%7B%22filter_conditions%22%3A%7B%7D%7D"
	for _, tt := range []struct {
		name            string
		key             string
		authType, token string
		status, code    int
		text            string
	}{
		{"a user", s.Key, "jwt", good, 200, 0, ""},
		{"without a type", s.Key, "", good, 200, 0, ""},
		{"a type in capitals", s.Key, "JWT", good, 200, 0, ""},
		{"with Bearer", s.Key, "jwt", "Bearer " + good, 200, 0, ""},
		{"with bearer", s.Key, "jwt", "bearer  " + good, 200, 0, ""},
		{"a server", s.Key, "jwt", s.Sign(auth.Claims{Server: true}), 200, 0, ""},
		{"a server without claims", s.Key, "jwt", of(jwt.MapClaims{}), 200, 0, ""},
		{"a user who does not exist", s.Key, "jwt", s.Sign(auth.Claims{UserID: "nobody"}), 200, 0, ""},
		{"not expired", s.Key, "jwt", s.Sign(auth.Claims{UserID: "ann", ExpiresAt: ago(-hour), IssuedAt: ago(hour), NotBefore: ago(hour)}), 200, 0, ""},

		{"no key", "", "jwt", good, 401, 2, `QueryUsers failed with error: "api_key not valid"`},
		{"an unknown key", "nosuchkey", "jwt", good, 401, 2, "api_key not valid"},
		{"a key with NUL", "a\x00b", "jwt", good, 401, 2, "api_key not valid"},
		{"a key that is not UTF-8", "a\xff", "jwt", good, 401, 2, "api_key not valid"},
		{"another app's key", other.Key, "jwt", good, 401, 43, "signature is not valid"},
		{"another type", s.Key, "basic", good, 401, 5, "stream-auth-type"},
		{"no token", s.Key, "jwt", "", 401, 5, "no token"},
		{"null for a token", s.Key, "jwt", "null", 401, 5, "no token"},
		{"garbage", s.Key, "jwt", "garbage", 401, 5, "malformed"},
		{"two parts", s.Key, "jwt", "a.b", 401, 5, "malformed"},
		{"a very long token", s.Key, "jwt", strings.Repeat("x", 9000), 401, 5, "longer than"},
		{"a wrong signature", s.Key, "jwt", signed(t, "another secret", jwt.SigningMethodHS256, jwt.MapClaims{"user_id": "ann"}), 401, 43, s.Key},
		{"another algorithm", s.Key, "jwt", signed(t, s.Secret, jwt.SigningMethodHS512, jwt.MapClaims{"user_id": "ann"}), 401, 43, "signature is not valid"},
		{"no algorithm", s.Key, "jwt", signed(t, "", jwt.SigningMethodNone, jwt.MapClaims{"user_id": "ann"}), 401, 43, "signature is not valid"},
		{"a development token", s.Key, "jwt", devToken(`{"user_id":"ann"}`, "devtoken"), 401, 43, "signature is not valid"},
		{"tampered", s.Key, "jwt", devToken(`{"user_id":"bob"}`, good[strings.LastIndex(good, ".")+1:]), 401, 43, "signature is not valid"},
		{"expired", s.Key, "jwt", s.Sign(auth.Claims{UserID: "ann", ExpiresAt: ago(hour)}), 401, 40, "expired"},
		{"a server's, expired", s.Key, "jwt", s.Sign(auth.Claims{Server: true, ExpiresAt: ago(hour)}), 401, 40, "expired"},
		{"not yet valid", s.Key, "jwt", s.Sign(auth.Claims{UserID: "ann", NotBefore: ago(-hour)}), 401, 41, "nbf"},
		{"from the future", s.Key, "jwt", s.Sign(auth.Claims{UserID: "ann", IssuedAt: ago(-hour)}), 401, 42, "iat"},
		{"a number for a user", s.Key, "jwt", of(jwt.MapClaims{"user_id": 7}), 401, 5, "user_id"},
		{"null for a user", s.Key, "jwt", of(jwt.MapClaims{"user_id": nil}), 401, 5, "user_id"},
		{"an empty user", s.Key, "jwt", of(jwt.MapClaims{"user_id": ""}), 401, 5, "user_id"},
		{"a user with bad characters", s.Key, "jwt", of(jwt.MapClaims{"user_id": "a b"}), 401, 5, "user_id"},
		{"a text for a time", s.Key, "jwt", of(jwt.MapClaims{"user_id": "ann", "exp": "soon"}), 401, 5, "malformed"},
		{"anonymous", s.Key, "anonymous", "", 403, 17, "anonymous"},
	} {
		r := s.Send(http.MethodGet, path+"&api_key="+url.QueryEscape(tt.key), bearer(tt.authType, tt.token), "")
		if tt.code == 0 {
			if r.Status != tt.status {
				t.Errorf("%s: %d %s", tt.name, r.Status, r.Body)
			}
			continue
		}
		t.Log(tt.name)
		r.Fails(tt.status, tt.code, tt.text).Want("details", "[]")
	}
	h := bearer("jwt", good)
	h.Set("X-Api-Key", s.Key)
	s.Send(http.MethodGet, path, h, "").OK()
}

// The acting user comes from the token, whatever the query says.
func TestUserIDInTheQueryProvesNothing(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("bob")
	ann := s.As("ann")
	ann.Patch("/users?user_id=bob", `{"users":[{"id":"bob","set":{"color":"red"}}]}`).Fails(403, 17, "UpdateUsersPartial")
	ann.Patch("/users?user_id=bob", `{"users":[{"id":"ann","set":{"color":"red"}}]}`).OK()
}

func TestSeveralKeys(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	secret := "a-second-secret-that-is-long-enough-for-anybody"
	key := s.Key + "b"
	err := s.Store.App(s.App).InTx(t.Context(), func(tx *store.Tx) error { return tx.AddKey(context.Background(), key, secret) })
	if err != nil {
		t.Fatal(err)
	}
	second, err := auth.Sign(secret, auth.Claims{UserID: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	s.Users("ann")
	first := s.Sign(auth.Claims{UserID: "ann"})
	for _, tt := range []struct {
		key, token string
		code       int
	}{{s.Key, first, 0}, {key, second, 0}, {s.Key, second, 43}, {key, first, 43}} {
		r := s.Send(http.MethodGet, "/app?api_key="+tt.key, bearer("jwt", tt.token), "")
		if tt.code == 0 {
			r.OK()
			continue
		}
		r.Fails(401, tt.code, tt.key)
	}
}

func TestSuspendedApp(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann")
	execSQL(t, `UPDATE apps SET settings = settings || '{"suspended":true,"suspended_explanation":"unpaid"}' WHERE id = $1`, s.App)
	s.Store.ForgetAll()
	ann.Get("/app").Fails(403, 99, "unpaid")
	s.Server().Get("/app").Fails(403, 99, "unpaid")
	s.Anonymous().Get("/app").Fails(403, 99, "unpaid")
	code, last := ann.Dial(nil).Closed()
	if last.Want("error.code", "99").Want("error.StatusCode", "403"); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	ann.Get("/longpoll?json="+url.QueryEscape(`{"user_id":"ann"}`)).Fails(403, 99, "LongPoll")
}

func TestRevokedTokens(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann")
	revoked := time.Now().Add(-time.Hour).Truncate(time.Second)
	for _, level := range []struct{ name, path, set, unset string }{
		{"app", "/app", `{"revoke_tokens_issued_before":"` + revoked.UTC().Format(time.RFC3339) + `"}`, `{"revoke_tokens_issued_before":null}`},
		{
			"user", "/users", `{"users":[{"id":"ann","set":{"revoke_tokens_issued_before":"` + revoked.UTC().Format(time.RFC3339) + `"}}]}`,
			`{"users":[{"id":"ann","set":{"revoke_tokens_issued_before":null}}]}`,
		},
	} {
		for _, set := range []bool{true, false} {
			body := level.unset
			if set {
				body = level.set
			}
			s.Server().Patch(level.path, body).OK()
			for _, tt := range []struct {
				name string
				c    auth.Claims
				ok   bool
			}{
				{"younger", auth.Claims{UserID: "ann", IssuedAt: ago(time.Minute)}, true},
				{"as old", auth.Claims{UserID: "ann", IssuedAt: &revoked}, true},
				{"older", auth.Claims{UserID: "ann", IssuedAt: ago(2 * time.Hour)}, !set},
				{"of no age", auth.Claims{UserID: "ann"}, !set},
				{"a server's", auth.Claims{Server: true}, true},
			} {
				t.Log(level.name, set, tt.name)
				c := s.WithToken(tt.c.UserID, s.Sign(tt.c))
				if r := c.Get("/app"); tt.ok {
					r.OK()
				} else {
					r.Fails(401, 40, "revoked")
					_, last := c.Dial(nil).Closed()
					last.Want("error.code", "40")
				}
			}
		}
	}
}

func TestDevelopmentTokens(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Patch("/app", `{"disable_auth_checks":true}`).OK()
	good := s.Sign(auth.Claims{UserID: "ann"})
	padded := strings.Split(devToken(`{"user_id":"ann","n":1}`, "devtoken"), ".")
	for i := range padded[:2] {
		padded[i] += strings.Repeat("=", -len(padded[i])&3)
	}
	for name, token := range map[string]string{
		"devtoken": devToken(`{"user_id":"ann"}`, "devtoken"), "devToken": devToken(`{"user_id":"ann"}`, "devToken"),
		"padded": strings.Join(padded, "."), "a real one": good, "tampered": good[:len(good)-3] + "xxx",
		"expired": s.Sign(auth.Claims{UserID: "ann", ExpiresAt: ago(time.Hour)}), "another's": devToken(`{"user_id":"ann"}`, ""),
	} {
		t.Log(name)
		c := s.WithToken("ann", token)
		c.Connect().Hello.Want("me.id", `"ann"`)
		c.Get("/app").OK()
	}
	s.WithToken("ann", "").Get("/app").Fails(401, 5, "no token")
	s.WithToken("", devToken(`{}`, "devtoken")).Get("/app").Fails(401, 43, "signature") // servers are checked even so
	s.WithToken("ann", devToken(`{"user_id":"a b"}`, "devtoken")).Get("/app").Fails(401, 5, "user_id")
}

func TestUsersWhoAreGone(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	off, gone := s.As("off"), s.As("gone")
	execSQL(t, `UPDATE users SET deactivated_at = created_at WHERE app_id = $1 AND id = 'off'`, s.App)
	execSQL(t, `UPDATE users SET deleted_at = created_at WHERE app_id = $1 AND id = 'gone'`, s.App)
	s.Store.ForgetAll()
	off.Get("/app").Fails(403, 17, "was deactivated")
	gone.Get("/app").Fails(403, 17, "was deleted")
	_, last := gone.Dial(nil).Closed()
	last.Want("error.code", "17")
}
