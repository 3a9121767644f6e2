package chat

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MemberInclude names custom data of senders' memberships that messages should come
// with.
type MemberInclude []string

// The limits of MemberInclude.
const (
	maxMemberInclude     = 8
	maxMemberIncludeName = 64 // bytes
)

// Check returns an Invalid error when there are too many names, or one is too long.
func (m MemberInclude) Check() error {
	if len(m) > maxMemberInclude {
		return Errorf(Invalid, "member_custom_include must contain at maximum %d items", maxMemberInclude)
	}
	for _, name := range m {
		if name == "" || len(name) > maxMemberIncludeName {
			return Errorf(Invalid, "member_custom_include has an item that is not 1 to %d characters long", maxMemberIncludeName)
		}
	}
	return nil
}

// Inclusion is a MemberInclude that can be compared: those with the same names are
// equal, and that without any is "".
type Inclusion string

// Inclusion returns the names as one value.
func (m MemberInclude) Inclusion() Inclusion {
	names := slices.Clone(m)
	slices.Sort(names)
	return Inclusion(strings.Join(slices.Compact(names), "\x00"))
}

// Of is what is included of a membership's custom data; nil where nothing was asked
// for.
func (i Inclusion) Of(custom jsontext.Value) jsontext.Value {
	if i == "" {
		return nil
	}
	names := strings.Split(string(i), "\x00")
	return rebuild(custom, func(name string) bool { return slices.Contains(names, name) }, nil)
}
