package sdktest

import (
	"testing"

	stream "github.com/GetStream/stream-chat-go/v7"
)

func TestDevices(t *testing.T) {
	t.Parallel()
	c := client(t)
	users := people(t, c, "ann", "bob")
	ann, bob := users[0], users[1]
	list := func(user string) []*stream.Device {
		t.Helper()
		resp, err := c.GetDevices(t.Context(), user)
		must(t, err)
		return resp.Devices
	}
	var ids []string
	for _, provider := range []string{stream.PushProviderFirebase, stream.PushProviderAPNS, stream.PushProviderHuawei, stream.PushProviderXiaomi} {
		d := &stream.Device{ID: id("device"), UserID: ann, PushProvider: provider}
		ids = append(ids, d.ID)
		_, err := c.AddDevice(t.Context(), d)
		must(t, err)
		have := list(ann)
		if last := have[len(have)-1]; len(have) != len(ids) || *last != *d {
			t.Errorf("has %+v, want %+v", last, d)
		}
	}
	_, err := c.AddDevice(t.Context(), &stream.Device{ID: ids[0], UserID: bob, PushProvider: stream.PushProviderFirebase})
	must(t, err)
	if a, b := list(ann), list(bob); len(a) != 3 || len(b) != 1 || b[0].ID != ids[0] {
		t.Errorf("ann has %v, bob %v", a, b)
	}
	_, err = c.DeleteDevice(t.Context(), ann, ids[0])
	refused(t, err, 16)
	_, err = c.DeleteDevice(t.Context(), bob, ids[0])
	must(t, err)
	if have := list(bob); len(have) != 0 {
		t.Errorf("bob has %v", have)
	}
	_, err = c.AddDevice(t.Context(), &stream.Device{ID: ids[1], UserID: ann, PushProvider: "pigeon"})
	refused(t, err, 4)
	_, err = c.AddDevice(t.Context(), &stream.Device{ID: ids[1], UserID: ann, PushProvider: stream.PushProviderAPNS, PushProviderName: "no-such-provider"})
	refused(t, err, 4)
}
