package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/auth"
	"chatd/internal/chat"
)

func TestContext(t *testing.T) {
	t.Parallel()
	if a := auth.FromContext(t.Context()); a != nil {
		t.Errorf("of an empty context: %+v", a)
	}
	actor := &auth.Actor{UserID: "ann"}
	ctx, cancel := context.WithCancel(auth.WithActor(t.Context(), actor))
	defer cancel()
	if got := auth.FromContext(ctx); got != actor {
		t.Errorf("of a context: %+v", got)
	}
}

func TestPlatform(t *testing.T) {
	t.Parallel()
	for client, want := range map[string]string{
		"":                               "web",
		"stream-chat-js-v9.49.0-browser": "web",
		"stream-chat-js-v9.49.0-node":    "web",
		"stream-chat-javascript-client-browser-8.12.1":                  "web",
		"stream-chat-react-v14.12.0-llc-v9.53.0|app=x|os=Windows 11":    "web",
		"stream-chat-react-v14.12.0-llc-v9.53.0|os=macOS":               "web",
		"stream-chat-react-native-ios-v9.7.4":                           "ios",
		"stream-chat-react-native-v9.7.4-llc-v9.53.0|os=android 14":     "android",
		"stream-chat-swift-client-v5.5.0":                               "ios",
		"stream-chat-swiftui-client-v4.70.0":                            "ios",
		"stream-chat-android-compose-6.5.0|os=Android 14|api_version=3": "android",
		`"stream-chat-flutter-v10.2.0|os=iOS 17.2"`:                     "ios",
		`"stream-chat-flutter-v10.2.0|os=Android 14"`:                   "android",
		`"stream-chat-flutter-v10.2.0|os=web"`:                          "web",
		"stream-chat-dart|os=iPadOS 17|app=android-lovers":              "ios",
		"my-app|device_model=iPhone14,2":                                "ios",
		"stream-chat-unity-5.7.0|os=Windows":                            "unity",
		"stream-chat-unity-5.7.0|os=Android OS 13":                      "android",
		"axios/1.7":    "web",
		"curios-ios17": "ios",
		"curios":       "web",
	} {
		if got := auth.Platform(client, false); got != want {
			t.Errorf("%q: %s, want %s", client, got, want)
		}
		if got := auth.Platform(client, true); got != "server" {
			t.Errorf("%q, server-side: %s", client, got)
		}
	}
}

func TestSign(t *testing.T) {
	t.Parallel()
	issued, expires := time.Unix(1772366000, 0).UTC(), time.Unix(1772369600, 0).UTC()
	for name, claims := range map[string]auth.Claims{
		"user":            {UserID: "ann"},
		"user with times": {UserID: "ann", IssuedAt: &issued, NotBefore: &issued, ExpiresAt: &expires},
		"server":          {Server: true},
		"server in time":  {Server: true, IssuedAt: &issued, ExpiresAt: &expires},
	} {
		s, err := auth.Sign(secret, claims)
		if err != nil {
			t.Fatal(err)
		}
		got, err := auth.Verify(s, []string{secret}, options())
		if diff := cmp.Diff(claims, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-signed +verified):\n%s", name, err, diff)
		}
	}
	for name, claims := range map[string]auth.Claims{"neither": {}, "both": {UserID: "ann", Server: true}} {
		if s, err := auth.Sign(secret, claims); chat.KindOf(err) != chat.Invalid || s != "" {
			t.Errorf("%s: %q, %v", name, s, err)
		}
	}
}

// The form of a token is that of every other library: same claims, same bytes.
func TestSignedForm(t *testing.T) {
	t.Parallel()
	got, err := auth.Sign(secret, auth.Claims{UserID: "ann"})
	if want := token(hs256, ann, secret); err != nil || got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	got, err = auth.Sign(secret, auth.Claims{Server: true})
	if want := token(hs256, `{"server":true}`, secret); err != nil || got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if strings.ContainsAny(got, "=+/") {
		t.Errorf("not base64url: %s", got)
	}
}
