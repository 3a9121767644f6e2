package sdktest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	stream "github.com/GetStream/stream-chat-go/v7"
)

// fetch returns what a link answers.
func fetch(t *testing.T, link string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, string(body)
}

func TestFiles(t *testing.T) {
	c := client(t)
	ids := people(t, c, "ann")
	ch := room(t, c, ids...)
	ann := &stream.User{ID: ids[0], Name: "Ann", ExtraData: map[string]any{"color": "red"}}
	sent, err := ch.SendFile(t.Context(), stream.SendFileRequest{Reader: strings.NewReader("hello"), FileName: "hello.txt", User: ann})
	must(t, err)
	if status, body := fetch(t, sent.File); status != http.StatusOK || body != "hello" {
		t.Errorf("%s: %d %s", sent.File, status, body)
	}
	msg, err := ch.SendMessage(t.Context(), &stream.Message{Text: "see", Attachments: []*stream.Attachment{{Type: "file", AssetURL: sent.File}}}, ids[0])
	must(t, err)
	got, err := c.GetMessage(t.Context(), msg.Message.ID)
	must(t, err)
	if status, body := fetch(t, got.Message.Attachments[0].AssetURL); status != http.StatusOK || body != "hello" {
		t.Errorf("%s: %d %s", got.Message.Attachments[0].AssetURL, status, body)
	}
	_, err = ch.DeleteFile(t.Context(), got.Message.Attachments[0].AssetURL)
	must(t, err)
	if status, _ := fetch(t, sent.File); status != http.StatusNotFound {
		t.Errorf("after the delete: %d", status)
	}
	gif := []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	image, err := ch.SendImage(t.Context(), stream.SendFileRequest{Reader: bytes.NewReader(gif), FileName: "a.gif", User: ann})
	must(t, err)
	if status, body := fetch(t, image.File); status != http.StatusOK || body != string(gif) {
		t.Errorf("%s: %d", image.File, status)
	}
	_, err = ch.DeleteImage(t.Context(), image.File)
	must(t, err)
	_, err = ch.SendImage(t.Context(), stream.SendFileRequest{Reader: strings.NewReader("%PDF-1.7"), FileName: "a.gif", User: ann})
	refused(t, err, 4)
}
