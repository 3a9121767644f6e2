package chat

// Publication is what one committed transaction has to tell the connected world,
// in order. It is handed to a Publisher after the commit and before the request
// is answered, so an acknowledged write has always been published.
type Publication struct {
	App   AppID
	Items []Item
}

// Item is an *Event for clients or a *Change of what every node keeps in memory.
type Item interface{ item() }

func (*Event) item()  {}
func (*Change) item() {}

// AudienceKind says which connections an event is for.
type AudienceKind int

// The routing classes of the API (API: events, routing classes).
const (
	ToHooks          AudienceKind = iota // no connection: webhooks only
	ToWatchers                           // connections that watch the event's channel
	ToMembers                            // connections of members of the channel that do not watch it
	ToUsers                              // all connections of Users
	ToUsersAway                          // connections of Users that do not watch the event's channel, which is put in front as for ToMembers
	ToPresence                           // connections that subscribed to the presence of Users, and the connections of Users themselves
	ToApp                                // every connection of the app
	ToOtherWatcher                       // ToWatchers without the connections of Users
	ToFollowers                          // ToPresence without the connections of Users themselves, unless they subscribed
	ToOtherFollowers                     // ToPresence without the connections of Users themselves
)

// Audience is who gets an event.
type Audience struct {
	Kind  AudienceKind `json:"kind"`
	Users []string     `json:"users,omitempty"`
	// Only restricts ToWatchers and ToMembers to these users (restricted
	// visibility); nil restricts nothing.
	Only []string `json:"only,omitempty"`
}

// ChangeKind names a change of what nodes keep in memory.
type ChangeKind string

// The changes that travel with events from node to node.
const (
	// MemberJoined: User is a member of CID from now on, with N unread messages.
	MemberJoined ChangeKind = "joined"
	// MemberLeft: User is no member of CID any more.
	MemberLeft ChangeKind = "left"
	// MessageCounted: a message by User raises the unread count of the other
	// members of CID by one (of Only, if given); User's own becomes 0. N is the
	// channel's UnreadSeq with it: who read his numbers at N or later has counted
	// it.
	MessageCounted ChangeKind = "counted"
	// UnreadSet: User has N unread messages in CID.
	UnreadSet ChangeKind = "unread"
	// UnreadReload: every member's unread count in CID changed; nodes read anew
	// what they need (after a delete or a truncation).
	UnreadReload ChangeKind = "unread_reload"
	// ChannelMuted and ChannelUnmuted: messages in CID count for User or not.
	ChannelMuted   ChangeKind = "muted"
	ChannelUnmuted ChangeKind = "unmuted"
	// ChannelGone: CID does not exist any more; nobody watches or is a member.
	ChannelGone ChangeKind = "gone"
	// WatchEnded: User may not see CID any more; his connections stop watching.
	WatchEnded ChangeKind = "watch_ended"
	// Stale: caches drop what they hold under Key.
	Stale ChangeKind = "stale"
)

// Change is a change of what every node keeps in memory.
type Change struct {
	Kind ChangeKind `json:"kind"`
	CID  CID        `json:"cid,omitempty"`
	User string     `json:"user,omitempty"`
	N    int        `json:"n,omitempty"`
	// Seq is the channel's UnreadSeq with the message of a MessageCounted, or the
	// one for which the N of a MemberJoined or UnreadSet holds, so that a message
	// is counted once whatever overtakes what; 0 if unknown.
	Seq  int64    `json:"seq,omitempty"`
	Only []string `json:"only,omitempty"`
	Key  string   `json:"key,omitempty"` // for Stale: "entity/id"
}
