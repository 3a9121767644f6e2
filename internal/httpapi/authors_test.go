package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

// Who writes something in the name of a server-side call is created where he is not
// known; who only does something must be known.
func TestAuthorsAreCreated(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"x"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"m2","text":"x"}}`).OK()
	ann := s.As("ann").Connect()
	ann.Watch(path)
	exchangeAll(t, s, []exchange{
		{name: "of a message", method: "POST", path: path + "/message", body: `{"message":{"id":"m3","text":"x","user_id":"a1"}}`, want: map[string]string{"message.user.id": `"a1"`, "message.user.role": `"user"`}},
		{name: "as an object", method: "POST", path: path + "/message", body: `{"message":{"text":"x","user":{"id":"a2","name":"Al","color":"red"}}}`, want: map[string]string{"message.user.name": `"Al"`, "message.user.color": `"red"`}},
		{name: "who gets what it says", method: "POST", path: path + "/message", body: `{"message":{"text":"x","user":{"id":"a1","name":"Bo"}}}`, want: map[string]string{"message.user.name": `"Bo"`}},
		{name: "of a reply", method: "POST", path: path + "/message", body: `{"message":{"text":"x","parent_id":"m1","user_id":"a3"}}`, want: map[string]string{"message.user.id": `"a3"`}},
		{name: "of a pending message", method: "POST", path: path + "/message", body: `{"pending":true,"message":{"text":"x","user_id":"a4"}}`, want: map[string]string{"message.user.id": `"a4"`}},
		{name: "of an edit", method: "POST", path: "/messages/m1", body: `{"message":{"text":"y","user_id":"a5"}}`, want: map[string]string{"message.text": `"y"`, "message.user.id": `"ann"`}},
		{name: "of a reaction", method: "POST", path: "/messages/m1/reaction", body: `{"reaction":{"type":"like","user_id":"a6"}}`, want: map[string]string{"reaction.user.id": `"a6"`, "reaction.user.role": `"user"`}},
		{name: "of a reaction, as an object", method: "POST", path: "/messages/m1/reaction", body: `{"reaction":{"type":"like","user":{"id":"a7","name":"Cy"}}}`, want: map[string]string{"reaction.user.name": `"Cy"`}},
		{name: "of a channel", method: "POST", path: "/channels/messaging/own/query", body: `{"data":{"created_by_id":"a8"}}`, want: map[string]string{"channel.created_by.id": `"a8"`, "members": "[]"}},
		{name: "of a draft", method: "POST", path: path + "/draft", body: `{"message":{"text":"x","user_id":"a9"}}`, want: map[string]string{"draft.message.text": `"x"`}},
		{name: "of what is said of a change", method: "POST", path: path, body: `{"data":{"name":"N"},"message":{"text":"x","user_id":"b1"}}`, want: map[string]string{"message.user.id": `"b1"`}},
		{name: "they are users now", method: "GET", path: `/users?payload={"filter_conditions":{"id":{"$in":["a1","a2","a3","a4","a5","a6","a7","a8","a9","b1"]}}}`, want: map[string]string{"users.#": "10", "users.0.role": `"user"`}},
		{name: "but are no members", method: "GET", path: "/members?payload=" + `{"type":"messaging","id":"room","filter_conditions":{}}`, want: map[string]string{"members.#": "1"}},
		{name: "not with an id that is none", method: "POST", path: path + "/message", body: `{"message":{"text":"x","user_id":"a b"}}`, status: 400, code: 4, message: "id"},
		{name: "not by who reads", method: "POST", path: path + "/read", body: `{"user":{"id":"zoe"}}`, status: 404, code: 16, message: "the user zoe does not exist"},
		{name: "nor by their ids", method: "POST", path: "/channels/read", body: `{"user_id":"zoe"}`, status: 404, code: 16, message: "the user zoe does not exist"},
		{name: "not by events", method: "POST", path: path + "/event", body: `{"event":{"type":"typing.start","user":{"id":"zoe"}}}`, status: 404, code: 16, message: "the user zoe does not exist"},
		{name: "not by who deletes", method: "DELETE", path: "/messages/m2?deleted_by=zoe", status: 404, code: 16, message: "the user zoe does not exist"},
		{name: "not by who is added", method: "POST", path: path, body: `{"add_members":["zoe"]}`, status: 400, code: 4, message: "don't exist: [zoe]"},
		{name: "not by mentions", method: "POST", path: path + "/message", body: `{"message":{"text":"x","user_id":"ann","mentioned_users":["zoe"]}}`, status: 400, code: 4, message: "zoe"},
		{name: "nobody else was created", method: "GET", path: `/users?payload={"filter_conditions":{"id":"zoe"}}`, want: map[string]string{"users": "[]"}},
	})
	ann.Expect("message.new").Want("message_id", `"m3"`).Want("user.id", `"a1"`)
}
