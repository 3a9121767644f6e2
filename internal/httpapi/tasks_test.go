package httpapi_test

import (
	"testing"
	"time"

	"chatd/internal/testkit"
)

// eventually asks until the answer's field is as wanted.
func eventually(t *testing.T, ask func() *testkit.Response, path string, want any) *testkit.Response {
	t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(15*time.Second)
	defer tick.Stop()
	for {
		r := ask().OK()
		if r.At(path) == want {
			return r
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s is %v, want %v", path, r.At(path), want)
		}
	}
}

func TestDeleteChannels(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	srv := s.Server()
	s.Channel("messaging", "hard", "ann", "bob")
	s.Channel("messaging", "soft", "ann")
	s.Channel("messaging", "foreign", "bob", "ann")
	srv.Post("/channels/messaging/hard/message", `{"message":{"id":"m-hard","text":"hi","user_id":"ann"}}`).OK()
	srv.Post("/channels/delete", `{"cids":[]}`).Fails(400, 4, "cids is a required field")
	srv.Post("/channels/delete", `{"cids":["nonsense"]}`).Fails(400, 4, "is not a valid cid")
	srv.Get("/tasks/nothing").Fails(404, 16, "Can't find task with id nothing")
	s.As("ann").Post("/channels/delete", `{"cids":["messaging:soft","messaging:foreign"]}`).Fails(403, 17, "DeleteChannel")
	srv.Get("/channels/messaging/hard").OK()
	ws := s.As("bob").Connect()
	ws.Watch("/channels/messaging/hard")

	r := srv.Post("/channels/delete", `{"cids":["messaging:hard","messaging:none"],"hard_delete":true}`).OK().
		Want("result.messaging:hard.status", `"ok"`).Want("result.messaging:none.status", `"error"`)
	ws.Expect("channel.deleted").Want("channel.cid", `"messaging:hard"`)
	srv.Get("/channels/messaging/hard").Fails(404, 16, "")
	task := "/tasks/" + r.At("task_id").(string)
	s.As("ann").Get(task).Fails(403, 17, "")
	eventually(t, func() *testkit.Response { return srv.Get(task) }, "status", "completed").
		Want("result.messaging:hard.status", `"ok"`).Want("error", "null")
	// Nothing is left: the id of its message is free again.
	s.Channel("messaging", "hard", "ann")
	srv.Post("/channels/messaging/hard/message", `{"message":{"id":"m-hard","text":"again","user_id":"ann"}}`).OK()

	r = s.As("ann").Post("/channels/delete", `{"cids":["messaging:soft"]}`).OK()
	srv.Get("/tasks/"+r.At("task_id").(string)).OK().Want("status", `"completed"`)
	other := testkit.Start(t)
	other.Server().Get(task).Fails(404, 16, "")
}
