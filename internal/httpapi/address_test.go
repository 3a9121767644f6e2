package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddr(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "192.0.2.1:5", nil, "192.0.2.1"},
		{"who is not trusted is not believed", "192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1"},
		{"a proxy", "10.1.2.3:5", []string{"203.0.113.9"}, "203.0.113.9"},
		{"the client wrote something itself", "10.1.2.3:5", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.1.2.3:5", []string{"1.1.1.1, 203.0.113.9, 10.9.9.9"}, "203.0.113.9"},
		{"two headers", "10.1.2.3:5", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		{"a proxy that says nothing", "10.1.2.3:5", nil, "10.1.2.3"},
		{"nonsense", "10.1.2.3:5", []string{"unknown"}, "10.1.2.3"},
		{"nonsense before", "10.1.2.3:5", []string{"unknown, 10.4.4.4"}, "10.4.4.4"},
		{"with a port", "10.1.2.3:5", []string{"203.0.113.9:1234"}, "203.0.113.9"},
		{"version 6", "[fd00::1]:5", []string{"2001:db8::1"}, "2001:db8::1"},
		{"version 6 in brackets", "[fd00::1]:5", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"version 6 with a port", "[fd00::1]:5", []string{"[2001:db8::1]:99"}, "2001:db8::1"},
		{"version 4 in 6", "[::ffff:10.0.0.1]:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"only proxies", "10.1.2.3:5", []string{"10.0.0.7, 10.0.0.8"}, "10.0.0.7"},
		{"no address", "@", []string{"203.0.113.9"}, "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.peer
		r.Header["X-Forwarded-For"] = tt.forwarded
		if got := clientAddr(r, trusted); got.String() != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}
