package outbound

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// What callers can tell apart. Any other error means that nobody answered properly.
var (
	ErrURL     = errors.New("not a URL of the form https://host/path")
	ErrRefused = errors.New("the address may not be called")
	ErrTooBig  = errors.New("the answer is too big")
)

// guard decides what may be dialled.
type guard struct {
	public  *ssrf.Guardian
	allowed []netip.Prefix // beside the public addresses, on any port
}

// azure is where the machines of that cloud find its metadata: public by its number,
// but it leads inside.
var azure = netip.MustParsePrefix("168.63.129.16/32")

// newGuard returns a guard that allows public addresses on the ports, none meaning
// all, and what is in the networks.
func newGuard(allowed []netip.Prefix, ports ...uint16) *guard {
	return &guard{allowed: allowed, public: ssrf.New(ssrf.WithPorts(ports...), ssrf.WithDeniedV4Prefixes(azure))}
}

// control is called with every address before it is dialled (net.Dialer.Control).
func (g *guard) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	ip := at.Addr().Unmap().WithZone("") // no network contains an address with a zone
	for _, p := range g.allowed {
		if p.Contains(ip) {
			return nil
		}
	}
	if err := g.public.SafeAddrPort(netip.AddrPortFrom(ip, at.Port())); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

// maxURL bounds a URL, in bytes.
const maxURL = 2048

// Parse reads a URL that can be called, as far as its form tells: http or https, a
// host, and no name and password. The error is ErrURL.
func Parse(s string) (*url.URL, error) {
	if len(s) > maxURL {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrURL, maxURL)
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, ErrURL // the text of err repeats all of s
	}
	return u, check(u)
}

// check is what of Parse redirects are subject to.
func check(u *url.URL) error {
	switch host := u.Hostname(); {
	case u.Scheme != "http" && u.Scheme != "https", host == "", u.Opaque != "":
		return ErrURL
	case u.User != nil:
		return fmt.Errorf("%w: it has a user in it", ErrURL)
	case numeric(host):
		return fmt.Errorf("%w: the host is a number", ErrURL)
	}
	return nil
}

// numeric tells whether a host ends in a number but is no address in its usual form,
// like 0x7f.1: some resolvers take that for an address.
func numeric(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	_, err := strconv.ParseUint(last, 0, 64) // 0x7f and other forms
	return err == nil
}
