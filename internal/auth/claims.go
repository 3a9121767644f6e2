package auth

import (
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatd/internal/chat"
)

// Claims are what a token says. They stay true for the token's life; whether it is
// in that life, Check tells.
type Claims struct {
	UserID    string // the user; "" in a server's token
	Server    bool   // a server's token: it names no user
	IssuedAt  *time.Time
	ExpiresAt *time.Time
	NotBefore *time.Time
}

// rounding is how far in the future a token may say it was made: libraries round
// to whole seconds, some of them up.
const rounding = time.Second

// Check tells whether the token is in its life at now. The errors are TokenExpired,
// TokenNotYetValid and TokenBeforeIssued.
func (c *Claims) Check(now time.Time) error {
	switch {
	case c.ExpiresAt != nil && !now.Before(*c.ExpiresAt):
		return chat.Errorf(chat.TokenExpired, "JWTAuth error: token is expired (exp)")
	case c.NotBefore != nil && c.NotBefore.Sub(now) > rounding:
		return chat.Errorf(chat.TokenNotYetValid, "JWTAuth error: token is not valid yet (nbf)")
	case c.IssuedAt != nil && c.IssuedAt.Sub(now) > rounding:
		return chat.Errorf(chat.TokenBeforeIssued, "JWTAuth error: token used before issue at (iat)")
	}
	return nil
}

// CheckRevoked tells whether tokens issued before a time are still taken: nil or the
// zero time revokes nothing, and a token that does not say when it was issued is
// revoked by any other. The caller asks once for the app and once for the user
// (chat.User.TokensRevoked). Server tokens are not revoked this way: the app could
// not be opened again. The error is TokenExpired, on which SDKs fetch a new token.
func (c *Claims) CheckRevoked(before *time.Time) error {
	if c.Server || before == nil || before.IsZero() {
		return nil
	}
	if c.IssuedAt == nil || c.IssuedAt.Before(*before) {
		return chat.Errorf(chat.TokenExpired, "JWTAuth error: token has been revoked")
	}
	return nil
}

// Sign makes a token: of the user, or a server's token if c.Server. Times have whole
// seconds in it. The error is Invalid for claims that are of neither or of both.
func Sign(secret string, c Claims) (string, error) {
	claims := jwt.MapClaims{}
	switch {
	case c.Server == (c.UserID != ""):
		return "", chat.Errorf(chat.Invalid, "a token is either a user's or a server's")
	case c.Server:
		claims[claimServer] = true
	default:
		claims[claimUser] = c.UserID
	}
	for name, at := range map[string]*time.Time{"iat": c.IssuedAt, "exp": c.ExpiresAt, "nbf": c.NotBefore} {
		if at != nil {
			claims[name] = at.Unix()
		}
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
}
