package chat

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
