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

func TestPushProviders(t *testing.T) {
	t.Parallel()
	c := client(t)
	ann := people(t, c, "ann")[0]
	name := id("provider")
	add := func() error {
		_, err := c.AddDevice(t.Context(), &stream.Device{ID: id("device"), UserID: ann, PushProvider: stream.PushProviderXiaomi, PushProviderName: name})
		return err
	}
	named := func() *stream.PushProvider {
		t.Helper()
		resp, err := c.ListPushProviders(t.Context())
		must(t, err)
		for _, p := range resp.PushProviders {
			if p.Name == name {
				return &p
			}
		}
		return nil
	}
	refused(t, add(), 4)
	_, err := c.UpsertPushProvider(t.Context(), &stream.PushProvider{Type: stream.PushProviderXiaomi, Name: name, XiaomiPackageName: "p", XiaomiAppSecret: "s"})
	must(t, err)
	if p := named(); p == nil || p.XiaomiPackageName != "p" || p.XiaomiAppSecret != "" {
		t.Errorf("provider = %+v", p)
	}
	must(t, add())
	devices, err := c.GetDevices(t.Context(), ann)
	must(t, err)
	if len(devices.Devices) != 1 || devices.Devices[0].PushProviderName != name {
		t.Errorf("devices = %+v", devices.Devices)
	}
	_, err = c.DeletePushProvider(t.Context(), stream.PushProviderXiaomi, name)
	must(t, err)
	if p := named(); p != nil {
		t.Errorf("still there: %+v", p)
	}
	_, err = c.DeletePushProvider(t.Context(), stream.PushProviderXiaomi, name)
	refused(t, err, 16)
	_, err = c.UpsertPushProvider(t.Context(), &stream.PushProvider{Type: stream.PushProviderAPNS, Name: name})
	refused(t, err, 4)
}
