package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/auth"
	"chatd/internal/chat"
)

const (
	secret  = "a-secret-of-the-app"
	apiKey  = "testkey"
	hs256   = `{"alg":"HS256","typ":"JWT"}`
	ann     = `{"user_id":"ann"}`
	noUser  = `{}`
	badSign = "JWTAuth error: signature is not valid. Make sure the token is created using the secret for API key \"testkey\""
)

// now is 1772366400 in seconds since 1970.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// token signs a header and a payload by hand, as any language's library would.
func token(header, payload, key string) string {
	text := b64(header) + "." + b64(payload)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return text + "." + b64(string(mac.Sum(nil)))
}

// hs512 signs a payload with the secret by another algorithm.
func hs512(payload string) string {
	text := b64(`{"alg":"HS512","typ":"JWT"}`) + "." + b64(payload)
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + b64(string(mac.Sum(nil)))
}

func options() auth.Options { return auth.Options{Now: now, APIKey: apiKey} }

func at(seconds int64) *time.Time {
	t := time.Unix(seconds, 0).UTC()
	return &t
}

func TestVerify(t *testing.T) {
	t.Parallel()
	good := token(hs256, ann, secret)
	parts := strings.Split(good, ".")
	for _, tt := range []struct {
		name  string
		token string
		want  auth.Claims
		kind  chat.Kind
		text  string // of the error, in full
	}{
		{name: "user", token: good, want: auth.Claims{UserID: "ann"}},
		{name: "server", token: token(hs256, noUser, secret), want: auth.Claims{Server: true}},
		{name: "server that says so", token: token(hs256, `{"server":true}`, secret), want: auth.Claims{Server: true}},
		{name: "server issued at", token: token(hs256, `{"iat":1772366400}`, secret), want: auth.Claims{Server: true, IssuedAt: at(1772366400)}},
		{name: "user that says server", token: token(hs256, `{"user_id":"ann","server":true}`, secret), want: auth.Claims{UserID: "ann"}},
		{name: "bearer", token: "Bearer " + good, want: auth.Claims{UserID: "ann"}},
		{name: "bearer in other letters", token: " bearer  " + good + " ", want: auth.Claims{UserID: "ann"}},
		{name: "other claims", token: token(hs256, `{"user_id":"ann","role":"admin","sub":"user/ann"}`, secret), want: auth.Claims{UserID: "ann"}},
		{name: "header with more", token: token(`{"typ":"JWT","alg":"HS256","kid":"1"}`, ann, secret), want: auth.Claims{UserID: "ann"}},
		{
			name:  "times",
			token: token(hs256, `{"user_id":"ann","iat":1772366000,"nbf":1772366300,"exp":1772366401}`, secret),
			want:  auth.Claims{UserID: "ann", IssuedAt: at(1772366000), NotBefore: at(1772366300), ExpiresAt: at(1772366401)},
		},
		{name: "times with fractions", token: token(hs256, `{"user_id":"ann","iat":1772366000.75}`, secret), want: auth.Claims{UserID: "ann", IssuedAt: at(1772366000)}},
		{name: "rounded up", token: token(hs256, `{"user_id":"ann","iat":1772366401,"nbf":1772366401}`, secret), want: auth.Claims{UserID: "ann", IssuedAt: at(1772366401), NotBefore: at(1772366401)}},

		{name: "expired now", token: token(hs256, `{"user_id":"ann","exp":1772366400}`, secret), kind: chat.TokenExpired, text: "JWTAuth error: token is expired (exp)"},
		{name: "server expired", token: token(hs256, `{"exp":1}`, secret), kind: chat.TokenExpired, text: "JWTAuth error: token is expired (exp)"},
		{name: "not yet valid", token: token(hs256, `{"user_id":"ann","nbf":1772366402}`, secret), kind: chat.TokenNotYetValid, text: "JWTAuth error: token is not valid yet (nbf)"},
		{name: "before issued", token: token(hs256, `{"user_id":"ann","iat":1772366402}`, secret), kind: chat.TokenBeforeIssued, text: "JWTAuth error: token used before issue at (iat)"},

		{name: "another secret", token: token(hs256, ann, "another"), kind: chat.TokenSignature, text: badSign},
		{name: "another secret, expired", token: token(hs256, `{"user_id":"ann","exp":1}`, "another"), kind: chat.TokenSignature, text: badSign},
		{name: "empty secret", token: token(hs256, ann, ""), kind: chat.TokenSignature, text: badSign},
		{name: "payload changed", token: parts[0] + "." + b64(`{"user_id":"bob"}`) + "." + parts[2], kind: chat.TokenSignature, text: badSign},
		{name: "no signature", token: parts[0] + "." + parts[1] + ".", kind: chat.TokenSignature, text: badSign},
		{name: "algorithm none", token: b64(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + ".", kind: chat.TokenSignature, text: badSign},
		{name: "algorithm HS512", token: hs512(ann), kind: chat.TokenSignature, text: badSign},
		{name: "algorithm RS256", token: token(`{"alg":"RS256","typ":"JWT"}`, ann, secret), kind: chat.TokenSignature, text: badSign},
		{name: "algorithm in small letters", token: token(`{"alg":"hs256","typ":"JWT"}`, ann, secret), kind: chat.TokenSignature, text: badSign},
		{name: "algorithm unnamed", token: token(`{"typ":"JWT"}`, ann, secret), kind: chat.TokenSignature, text: badSign},
		{name: "development token", token: parts[0] + "." + parts[1] + ".devtoken", kind: chat.TokenSignature, text: badSign},

		{name: "nothing", token: "", kind: chat.Unauthenticated, text: "JWTAuth error: no token was provided"},
		{name: "only bearer", token: "Bearer  ", kind: chat.Unauthenticated},
		{name: "null", token: "null", kind: chat.Unauthenticated, text: "JWTAuth error: token is malformed"},
		{name: "two parts", token: parts[0] + "." + parts[1], kind: chat.Unauthenticated},
		{name: "four parts", token: good + ".x", kind: chat.Unauthenticated},
		{name: "dots", token: "..", kind: chat.Unauthenticated},
		{name: "no base64", token: "%%%." + parts[1] + "." + parts[2], kind: chat.Unauthenticated},
		{name: "no JSON", token: token(hs256, `{"user_id":`, secret), kind: chat.Unauthenticated},
		{name: "a list", token: token(hs256, `["user_id"]`, secret), kind: chat.Unauthenticated},
		{name: "too long", token: token(hs256, `{"user_id":"ann","x":"`+strings.Repeat("x", auth.MaxToken)+`"}`, secret), kind: chat.Unauthenticated, text: "JWTAuth error: token is longer than 8192 bytes"},
		{name: "empty user", token: token(hs256, `{"user_id":""}`, secret), kind: chat.Unauthenticated, text: "JWTAuth error: user_id of the token is not valid"},
		{name: "null user", token: token(hs256, `{"user_id":null}`, secret), kind: chat.Unauthenticated},
		{name: "number user", token: token(hs256, `{"user_id":7}`, secret), kind: chat.Unauthenticated},
		{name: "odd user", token: token(hs256, `{"user_id":"a b"}`, secret), kind: chat.Unauthenticated},
		{name: "long user", token: token(hs256, `{"user_id":"`+strings.Repeat("a", 256)+`"}`, secret), kind: chat.Unauthenticated},
		{name: "text for a time", token: token(hs256, `{"user_id":"ann","exp":"tomorrow"}`, secret), kind: chat.Unauthenticated},
		{name: "object for a time", token: token(hs256, `{"user_id":"ann","iat":{}}`, secret), kind: chat.Unauthenticated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			verifier := auth.NewVerifier(10)
			for name, verify := range map[string]func(string, []string, auth.Options) (auth.Claims, error){
				"uncached": auth.Verify, "first": verifier.Verify, "again": verifier.Verify,
			} {
				got, err := verify(tt.token, []string{secret}, options())
				checkError(t, name, err, tt.kind, tt.text)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: claims (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// checkError wants an error of a kind, "" for none, with a text, "" for any.
func checkError(t *testing.T, name string, err error, kind chat.Kind, text string) {
	t.Helper()
	if chat.KindOf(err) != kind {
		t.Errorf("%s: error %v, want kind %q", name, err, kind)
	}
	if text != "" && (err == nil || err.Error() != string(kind)+": "+text) {
		t.Errorf("%s: error %v, want text %q", name, err, text)
	}
}

func TestVerifyTriesAllSecrets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		secrets []string
		kind    chat.Kind
	}{
		{"the second", []string{"another", secret}, ""},
		{"an empty one too", []string{"", secret}, ""},
		{"none", nil, chat.TokenSignature},
		{"only others", []string{"another", "yet another"}, chat.TokenSignature},
		{"only an empty one", []string{""}, chat.TokenSignature},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.Verify(token(hs256, ann, secret), tt.secrets, options())
			checkError(t, tt.name, err, tt.kind, "")
		})
	}
	_, err := auth.Verify(token(hs256, ann, secret), nil, auth.Options{Now: now})
	checkError(t, "without a key", err, chat.TokenSignature, "JWTAuth error: signature is not valid")
}

// The first secret that fits decides: an expired token does not become another
// error by trying the next.
func TestVerifyExpiredWithSecondSecret(t *testing.T) {
	t.Parallel()
	_, err := auth.Verify(token(hs256, `{"user_id":"ann","exp":1}`, secret), []string{"x", secret, "y"}, options())
	checkError(t, "expired", err, chat.TokenExpired, "")
}

func TestAuthChecksDisabled(t *testing.T) {
	t.Parallel()
	padded := base64.StdEncoding.EncodeToString([]byte(`{"user_id": "ann"}  `))
	if !strings.Contains(padded, "=") {
		t.Fatal("the payload is not padded")
	}
	for _, tt := range []struct {
		name  string
		token string
		want  auth.Claims
		kind  chat.Kind
	}{
		{"development token", b64(hs256) + "." + b64(ann) + ".devtoken", auth.Claims{UserID: "ann"}, ""},
		{"of another SDK", b64(hs256) + "." + b64(ann) + ".devToken", auth.Claims{UserID: "ann"}, ""},
		{"padded", b64(hs256) + "." + padded + ".devtoken", auth.Claims{UserID: "ann"}, ""},
		{"the other alphabet", base64.StdEncoding.EncodeToString([]byte(hs256)) + "." + base64.StdEncoding.EncodeToString([]byte(`{"user_id":"ann","x":"~~~???>>>"}`)) + ".devtoken", auth.Claims{UserID: "ann"}, ""},
		{"wrong signature", token(hs256, ann, "another"), auth.Claims{UserID: "ann"}, ""},
		{"no signature", b64(hs256) + "." + b64(ann) + ".", auth.Claims{UserID: "ann"}, ""},
		{"a signature of anything", b64(hs256) + "." + b64(ann) + ".%%%", auth.Claims{UserID: "ann"}, ""},
		{"good signature", token(hs256, ann, secret), auth.Claims{UserID: "ann"}, ""},
		{"expired", token(hs256, `{"user_id":"ann","exp":1}`, secret), auth.Claims{UserID: "ann", ExpiresAt: at(1)}, ""},
		{"revoked", token(hs256, `{"user_id":"ann","iat":1}`, secret), auth.Claims{UserID: "ann", IssuedAt: at(1)}, ""},
		{"server", token(hs256, noUser, secret), auth.Claims{Server: true}, ""},

		{"server, wrong signature", token(hs256, noUser, "another"), auth.Claims{}, chat.TokenSignature},
		{"server, unsigned", b64(hs256) + "." + b64(`{"server":true}`) + ".devtoken", auth.Claims{}, chat.TokenSignature},
		{"nothing", "", auth.Claims{}, chat.Unauthenticated},
		{"empty user", b64(hs256) + "." + b64(`{"user_id":""}`) + ".devtoken", auth.Claims{}, chat.Unauthenticated},
		{"two parts", b64(hs256) + "." + b64(ann), auth.Claims{}, chat.Unauthenticated},
		{"no JSON", b64(hs256) + "." + b64("ann") + ".devtoken", auth.Claims{}, chat.Unauthenticated},
		{"no base64", b64(hs256) + ".%%%.devtoken", auth.Claims{}, chat.Unauthenticated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := options()
			o.DisableAuthChecks, o.AppRevoked = true, &now
			got, err := auth.Verify(tt.token, []string{secret}, o)
			checkError(t, tt.name, err, tt.kind, "")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	zero := time.Time{}
	issued := func(seconds string) string { return token(hs256, `{"user_id":"ann","iat":`+seconds+`}`, secret) }
	for _, tt := range []struct {
		name   string
		token  string
		before *time.Time
		kind   chat.Kind
	}{
		{"nothing revoked", issued("1772360000"), nil, ""},
		{"zero time", issued("1772360000"), &zero, ""},
		{"issued before", issued("1772360000"), at(1772360001), chat.TokenExpired},
		{"issued then", issued("1772360000"), at(1772360000), ""},
		{"issued after", issued("1772360000"), at(1772359999), ""},
		{"issued who knows when", token(hs256, ann, secret), at(1), chat.TokenExpired},
		{"server", token(hs256, noUser, secret), at(1772360001), ""},
		{"server issued before", token(hs256, `{"iat":1}`, secret), at(1772360001), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := options()
			o.AppRevoked = tt.before
			_, err := auth.Verify(tt.token, []string{secret}, o)
			checkError(t, "of the app", err, tt.kind, "")

			claims, err := auth.Verify(tt.token, []string{secret}, options())
			if err != nil {
				t.Fatal(err)
			}
			checkError(t, "of the user", claims.CheckRevoked(tt.before), tt.kind, "")
		})
	}
}

func FuzzVerify(f *testing.F) {
	for _, payload := range []string{ann, noUser, `{"user_id":null}`, `null`, `{"user_id":"ann","exp":1e300,"iat":-1e300}`, `[]`} {
		f.Add(token(hs256, payload, secret))
		f.Add(b64(hs256) + "." + b64(payload) + ".devtoken")
	}
	f.Add("Bearer ..")
	f.Add("null")
	verifier := auth.NewVerifier(4)
	f.Fuzz(func(t *testing.T, s string) {
		for _, disabled := range []bool{false, true} {
			o := options()
			o.DisableAuthChecks = disabled
			claims, err := auth.Verify(s, []string{secret}, o)
			cached, cachedErr := verifier.Verify(s, []string{secret}, o)
			if !cmp.Equal(claims, cached) || chat.KindOf(err) != chat.KindOf(cachedErr) {
				t.Errorf("%q: %+v, %v and cached %+v, %v", s, claims, err, cached, cachedErr)
			}
			if err != nil {
				if chat.KindOf(err) == chat.Internal {
					t.Errorf("%q: an error of no kind: %v", s, err)
				}
				continue
			}
			if claims.Server == (claims.UserID != "") {
				t.Errorf("%q: neither or both: %+v", s, claims)
			}
			if (claims.Server || !disabled) && !signed(s) {
				t.Errorf("%q: taken without a signature: %+v", s, claims)
			}
		}
	})
}

// signed tells whether a token bears an HMAC with SHA-256 by the secret.
func signed(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) > 7 && strings.EqualFold(s[:7], "bearer ") {
		s = strings.TrimSpace(s[7:])
	}
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return false
	}
	got, err := base64.RawURLEncoding.DecodeString(s[i+1:])
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(s[:i]))
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}
