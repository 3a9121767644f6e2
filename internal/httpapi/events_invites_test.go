package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

// Who was invited is told of nothing until he accepts, though he asked to watch, and of
// nothing ever if he does not.
func TestEventsOfInvitees(t *testing.T) {
	t.Parallel()
	c := newCast(t, testkit.Start(t), "messaging")
	const watchers = "ann bob eve"
	message := func(name string, told ...string) scene {
		return scene{exchange: exchange{name: name, who: "ann", method: "POST", path: c.path + "/message", body: `{"message":{"text":"x"}}`}, told: told}
	}
	c.play(
		message("to who is invited", "message.new: "+watchers, "notification.message_new: ann2 cat"),
		scene{
			exchange: exchange{name: "accepted", who: "dan", method: "POST", path: c.path, body: `{"accept_invite":true}`},
			told:     []string{"member.updated: " + watchers, "channel.updated: " + watchers, "notification.invite_accepted: dan"},
			order:    "member.updated channel.updated",
			fields: map[string]string{
				"member.updated member.status": `"accepted"`, "notification.invite_accepted channel.members.#": "4", "notification.invite_accepted channel.own_capabilities": "null",
				"notification.invite_accepted member.status": `"accepted"`,
			},
		},
		message("to who accepted", "message.new: "+watchers, "notification.message_new: ann2 cat dan"),
	)
	c.sockets["dan"].Client.Post(c.path+"/query", `{"watch":true}`).OK()
	c.compare(scene{exchange: exchange{name: "he watches"}, told: []string{"user.watching.start: " + watchers}}, c.told())
	c.play(
		message("to who watches now", "message.new: dan "+watchers, "notification.message_new: ann2 cat"),
		scene{
			exchange: exchange{name: "another is invited", who: "ann", method: "POST", path: c.path, body: `{"invites":["fay"]}`},
			told:     []string{"member.added: dan " + watchers, "channel.updated: dan " + watchers, "notification.invited: fay"},
		},
		scene{
			exchange: exchange{name: "rejected", who: "fay", method: "POST", path: c.path, body: `{"reject_invite":true}`},
			told:     []string{"member.updated: dan " + watchers, "channel.updated: dan " + watchers, "notification.invite_rejected: fay"},
			fields:   map[string]string{"notification.invite_rejected member.status": `"rejected"`, "notification.invite_rejected user.id": `"fay"`},
		},
		message("to who rejected", "message.new: dan "+watchers, "notification.message_new: ann2 cat"),
	)
}
