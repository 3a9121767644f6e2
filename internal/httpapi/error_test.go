package httpapi

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

func TestErrorForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err          error
		code, status int
		message      string
	}{
		{chat.Errorf(chat.Invalid, `operator "$q" is not allowed`), 4, 400, `Do failed with error: "operator "$q" is not allowed"`},
		{fmt.Errorf("wrapped: %w", chat.Errorf(chat.NotFound, "no such thing")), 16, 404, `Do failed with error: "no such thing"`},
		{errors.New("password=hunter2"), -1, 500, `Do failed with error: "internal error"`},
		{context.Canceled, 23, 408, `Do failed with error: "the request took too long"`},
		{chat.Errorf(chat.Unavailable, "the database is not available"), -1, 503, `Do failed with error: "the database is not available"`},
		{chat.Errorf(chat.Kind("unheard of"), "x"), -1, 500, `Do failed with error: "x"`},
	} {
		e := (&API{}).formError("Do", tt.err, 0)
		if e.Code != tt.code || e.StatusCode != tt.status || e.Message != tt.message {
			t.Errorf("%v: %+v", tt.err, e)
		}
	}
	got := string(wire.MustMarshal((&API{MoreInfo: "https://chat.example/errors"}).formError("Do", chat.Errorf(chat.AccessKey, "api_key not valid"), 0)))
	want := `{"code":2,"message":"Do failed with error: \"api_key not valid\"","more_info":"https://chat.example/errors","details":[],"StatusCode":401,"duration":"0.00ms"}`
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
