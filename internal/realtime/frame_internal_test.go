package realtime

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"chatd/internal/chat"
)

func TestFrameHeaders(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 200_000} {
		p := bytes.Repeat([]byte("x"), n)
		f := newFrame(opText, p[:n/2], p[n/2:])
		if !bytes.Equal(f.payload(), p) || len(f) != headerSize(n)+n || f[0] != opText {
			t.Errorf("frame of %d bytes: %d, header % x", n, len(f), f[:min(10, len(f))])
		}
	}
}

// inflate does what a client does with a compressed message.
func inflate(t *testing.T, f frame) []byte {
	t.Helper()
	if f[0] != opDeflated {
		t.Fatalf("opcode %x", f[0])
	}
	r := flate.NewReader(io.MultiReader(bytes.NewReader(f.payload()), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDeflatedPartsJoin(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	text := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abcdefgh\"{}:,"[r.IntN(13)]
		}
		return b
	}
	for _, n := range []int{1, 10, 1000, 32_766, 32_767, 32_768, 65_536} {
		a, b, c := text(r.IntN(300)), text(r.IntN(n)), text(n)
		parts := [][]byte{appendStored(nil, a), deflated(b), deflated(c)}
		got := inflate(t, deflatedFrame(parts...))
		if !bytes.Equal(got, bytes.Join([][]byte{a, b, c}, nil)) {
			t.Errorf("%d bytes come back as %d others", n, len(got))
		}
	}
	big := text(200_000)
	if got := inflate(t, deflatedFrame(appendStored(nil, big), deflated([]byte("x")))); string(got) != string(big)+"x" {
		t.Error("stored blocks do not come back")
	}
}

func TestRenderingSharesFrames(t *testing.T) {
	t.Parallel()
	p, err := (&Hub{cfg: Config{}.withDefaults()}).prepare(&chat.Publication{Items: []chat.Item{&chat.Event{
		Type: "message.new", Also: "notification.message_new", To: chat.Audience{Kind: chat.ToWatchers},
		Message: &chat.Message{Text: strings.Repeat("long ", 500)}, CreatedAt: time.Now(), WithUnread: true, WithWatchers: true,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	r := &rendering{ev: p.Items[0].Event, watchers: 3, channel: []byte(`"channel":{"cid":"a:b"},`)}
	seen := map[*byte]variant{}
	for range 2 {
		for _, v := range []variant{
			{},
			{numbered: true},
			{numbered: true, totals: oneChannel(7) + oneChannel(2)},
			{also: true},
			{also: true, numbered: true, totals: oneChannel(1)},
			{deflate: true},
			{deflate: true, also: true},
			{deflate: true, numbered: true, totals: oneChannel(9)},
		} {
			f := r.of(v)
			if other, ok := seen[&f[0]]; ok && other != v {
				t.Errorf("%+v has the frame of %+v", v, other)
			}
			seen[&f[0]] = v
			body := f.payload()
			if v.deflate {
				body = inflate(t, f)
			}
			var e struct {
				Type     string
				Unread   *int `json:"unread_count"`
				Total    *int `json:"total_unread_count"`
				Channels *int `json:"unread_channels"`
				Watchers int  `json:"watcher_count"`
				Channel  any
				Message  struct{ Text string }
			}
			if err := json.Unmarshal(body, &e); err != nil {
				t.Fatalf("%+v: %v: %s", v, err, body)
			}
			if e.Watchers != 3 || len(e.Message.Text) != 2500 || (e.Channel != nil) != v.also || (e.Unread != nil) != v.numbered {
				t.Errorf("%+v: %s", v, body)
			}
			if v.numbered && (*e.Unread != v.totals.messages() || *e.Total != *e.Unread || *e.Channels != v.totals.channels()) {
				t.Errorf("%+v: numbers in %s", v, body[:120])
			}
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d frames for 8 variants asked for twice", len(seen))
	}
}

func TestTotals(t *testing.T) {
	t.Parallel()
	u := &user{}
	a, b := &membership{}, &membership{}
	set := func(m *membership, n int, muted bool) {
		u.update(m, func(m *membership) {
			m.set(n, 0)
			m.muted = muted
		})
	}
	for i, step := range []struct {
		do                 func()
		messages, channels int
	}{
		{func() { set(a, 3, false) }, 3, 1},
		{func() { set(b, 2, false) }, 5, 2},
		{func() { set(a, 0, false) }, 2, 1},
		{func() { set(b, 9, true) }, 0, 0},
		{func() { set(a, 1, false) }, 1, 1},
		{func() { set(b, 10, false) }, 11, 2},
	} {
		step.do()
		if got := totals(u.totals.Load()); got.messages() != step.messages || got.channels() != step.channels {
			t.Errorf("step %d: %d messages in %d channels, want %d in %d", i, got.messages(), got.channels(), step.messages, step.channels)
		}
	}
}

func TestConnIDs(t *testing.T) {
	t.Parallel()
	tag := newTag()
	seen := map[string]bool{}
	for range 1000 {
		id := newConnID(tag)
		if len(id) != connIDSize || tagOf(id) != tag || seen[id] {
			t.Fatalf("id %q of %q", id, tag)
		}
		seen[id] = true
	}
	for _, id := range []string{"", "x", tag, strings.Repeat("a", connIDSize), strings.Repeat("-", 1000)} {
		if got := tagOf(id); got != "" {
			t.Errorf("tagOf(%q) = %q", id, got)
		}
	}
}
