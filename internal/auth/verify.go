package auth

import (
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatd/internal/chat"
)

// MaxToken is the longest token looked at, in bytes.
const MaxToken = 8192

// The claims of our own; the others are standard.
const (
	claimUser   = "user_id"
	claimServer = "server"
)

// Options are what the checks of a token depend on beside it.
type Options struct {
	// DisableAuthChecks takes users' tokens unchecked, development tokens among
	// them (chat.AppSettings.DisableAuthChecks). Server tokens are checked even so.
	DisableAuthChecks bool
	// AppRevoked revokes users' tokens issued before it; nil revokes none.
	AppRevoked *time.Time
	// Now is the time to check against.
	Now time.Time
	// APIKey is named in the error of a wrong signature.
	APIKey string
}

// parser checks form and signature. Times are checked on each use, by Claims.Check.
var parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation())

// Verify checks a token, with or without "Bearer " in front, against an app's
// secrets: its form, an HS256 signature by any of them, its life, and the app's
// revocation (the user's own revocation is the caller's: Claims.CheckRevoked). A
// token that names no user is a server's.
//
// The errors are Unauthenticated for no or a malformed token, TokenSignature,
// TokenExpired (also for a revoked one), TokenNotYetValid and TokenBeforeIssued.
func Verify(token string, secrets []string, o Options) (Claims, error) {
	return verify(token, secrets, o, parse)
}

// verify is Verify with the costly part, parsing with the signature, left to signed.
func verify(token string, secrets []string, o Options, signed func(token, secret string) (*Claims, error)) (Claims, error) {
	token, err := clean(token)
	if err != nil {
		return Claims{}, err
	}
	if o.DisableAuthChecks {
		c, err := parseUnsigned(token)
		if err != nil {
			return Claims{}, err
		}
		if !c.Server {
			return *c, nil
		}
	}
	for _, secret := range secrets {
		c, err := signed(token, secret)
		if chat.KindOf(err) == chat.TokenSignature {
			continue
		}
		if err == nil {
			err = c.Check(o.Now)
		}
		if err == nil {
			err = c.CheckRevoked(o.AppRevoked)
		}
		if err != nil {
			return Claims{}, err
		}
		return *c, nil
	}
	return Claims{}, signatureError(o.APIKey)
}

// clean strips what HTTP libraries put in front of a token and bounds it.
func clean(token string) (string, error) {
	const bearer = "bearer "
	token = strings.TrimSpace(token)
	if len(token) >= len(bearer) && strings.EqualFold(token[:len(bearer)], bearer) {
		token = strings.TrimSpace(token[len(bearer):])
	}
	switch {
	case token == "":
		return "", chat.Errorf(chat.Unauthenticated, "JWTAuth error: no token was provided")
	case len(token) > MaxToken:
		return "", chat.Errorf(chat.Unauthenticated, "JWTAuth error: token is longer than %d bytes", MaxToken)
	}
	return token, nil
}

// parse reads a token and checks its signature.
func parse(token, secret string) (*Claims, error) {
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) {
		if secret == "" {
			return nil, errors.New("the key has no secret")
		}
		return []byte(secret), nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, malformed(err)
	case err != nil: // a wrong signature, or another algorithm than HS256
		return nil, &chat.Error{Kind: chat.TokenSignature, Err: err}
	}
	return read(claims)
}

// parseUnsigned reads a token without checking it. Development tokens are made by
// hand: their parts may be padded and in either alphabet of base64, and the third
// may be anything.
func parseUnsigned(token string) (*Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, malformed(jwt.ErrTokenMalformed)
	}
	parts[2] = "" // whatever it is, it is no signature
	for i := range parts {
		parts[i] = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(parts[i], "="))
	}
	claims := jwt.MapClaims{}
	if _, _, err := parser.ParseUnverified(strings.Join(parts, "."), claims); err != nil {
		return nil, malformed(err)
	}
	return read(claims)
}

// read takes from the claims what they say of the caller. A user_id that is there
// must be a valid one: an empty one does not make a server's token.
func read(claims jwt.MapClaims) (*Claims, error) {
	c := &Claims{}
	if id, ok := claims[claimUser]; ok {
		c.UserID, _ = id.(string)
		if err := chat.ValidUserID(c.UserID); err != nil {
			return nil, &chat.Error{Kind: chat.Unauthenticated, Message: "JWTAuth error: user_id of the token is not valid", Err: err}
		}
	} else {
		c.Server = true
	}
	var errs [3]error
	c.IssuedAt, errs[0] = date(claims.GetIssuedAt())
	c.ExpiresAt, errs[1] = date(claims.GetExpirationTime())
	c.NotBefore, errs[2] = date(claims.GetNotBefore())
	if err := errors.Join(errs[:]...); err != nil {
		return nil, malformed(err)
	}
	return c, nil
}

// date turns a claim into a time; nil for one that is not there.
func date(d *jwt.NumericDate, err error) (*time.Time, error) {
	if err != nil || d == nil {
		return nil, err
	}
	t := d.UTC()
	return &t, nil
}

func malformed(err error) error {
	return &chat.Error{Kind: chat.Unauthenticated, Message: "JWTAuth error: token is malformed", Err: err}
}

func signatureError(key string) error {
	if key == "" {
		return chat.Errorf(chat.TokenSignature, "JWTAuth error: signature is not valid")
	}
	return chat.Errorf(chat.TokenSignature,
		"JWTAuth error: signature is not valid. Make sure the token is created using the secret for API key %q", key)
}
