package httpapi

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// codes is the whole mapping from kinds of errors to the API's numbers (API:
// errors, code table).
var codes = map[chat.Kind]struct{ code, status int }{
	chat.Internal:            {-1, http.StatusInternalServerError},
	chat.Unavailable:         {-1, http.StatusServiceUnavailable},
	chat.AccessKey:           {2, http.StatusUnauthorized},
	chat.Invalid:             {4, http.StatusBadRequest},
	chat.Unauthenticated:     {5, http.StatusUnauthorized},
	chat.DuplicateUsername:   {6, http.StatusBadRequest},
	chat.RateLimited:         {9, http.StatusTooManyRequests},
	chat.NotFound:            {16, http.StatusNotFound},
	chat.NotAllowed:          {17, http.StatusForbidden},
	chat.EventNotSupported:   {18, http.StatusBadRequest},
	chat.FeatureNotSupported: {19, http.StatusBadRequest},
	chat.MessageTooLong:      {20, http.StatusBadRequest},
	chat.NestedReply:         {21, http.StatusBadRequest},
	chat.PayloadTooBig:       {22, http.StatusRequestEntityTooLarge},
	chat.Timeout:             {23, http.StatusRequestTimeout},
	chat.HeaderTooBig:        {24, http.StatusRequestHeaderFieldsTooLarge},
	chat.TokenExpired:        {40, http.StatusUnauthorized},
	chat.TokenNotYetValid:    {41, http.StatusUnauthorized},
	chat.TokenBeforeIssued:   {42, http.StatusUnauthorized},
	chat.TokenSignature:      {43, http.StatusUnauthorized},
	chat.CommandMissing:      {44, http.StatusBadRequest},
	chat.CommandFailed:       {45, http.StatusBadRequest},
	chat.ConnectionNotFound:  {46, http.StatusBadRequest},
	chat.Cooldown:            {60, http.StatusForbidden},
	chat.QueryNotAllowed:     {70, http.StatusForbidden},
	chat.TooManyConnections:  {71, http.StatusTooManyRequests},
	chat.ModerationFailed:    {73, http.StatusBadRequest},
	chat.AppSuspended:        {99, http.StatusForbidden},
}

// moreInfo is where an error's more_info leads unless the operator says otherwise.
const moreInfo = "https://getstream.io/chat/docs/api_errors_response"

// apiError is the API's error form.
type apiError struct {
	Code       int               `json:"code"`
	Message    string            `json:"message"`
	MoreInfo   string            `json:"more_info"`
	Details    []int             `json:"details"`
	StatusCode int               `json:"StatusCode"`
	Duration   string            `json:"duration"`
	Fields     map[string]string `json:"exception_fields,omitempty"`
}

// forClient is what a client is told of an error.
func forClient(err error) *chat.Error {
	if e, ok := errors.AsType[*chat.Error](err); ok {
		return e
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &chat.Error{Kind: chat.Timeout, Message: "the request took too long"}
	}
	return &chat.Error{Kind: chat.Internal, Message: "internal error"}
}

// formError turns any error into the API's form. Texts that are not meant for
// clients are replaced.
func (a *API) formError(op string, err error, took time.Duration) *apiError {
	e := forClient(err)
	c, ok := codes[e.Kind]
	if !ok {
		c = codes[chat.Internal]
	}
	return &apiError{
		Code: c.code, Message: op + ` failed with error: "` + e.Message + `"`, MoreInfo: cmp.Or(a.MoreInfo, moreInfo),
		StatusCode: c.status, Duration: duration(took), Fields: e.Fields,
	}
}

// fail answers with an error.
func (a *API) fail(w http.ResponseWriter, r *http.Request, op string, err error, started time.Time) {
	e := a.formError(op, err, time.Since(started))
	a.note(r.Context(), op, e, err)
	body, err := wire.Marshal(e)
	if err != nil {
		body = []byte(`{"code":-1,"StatusCode":500,"message":"internal error","details":[]}`)
	}
	a.write(w, r, e.StatusCode, body)
}

// note keeps an error for the request's log line, and tells the operator of one that
// is ours.
func (a *API) note(ctx context.Context, op string, e *apiError, err error) {
	entry := entryOf(ctx)
	entry.code, entry.err = e.Code, err
	if e.StatusCode >= http.StatusInternalServerError {
		a.Logger.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("op", op), slog.String("request_id", entry.id), slog.Any("error", err))
	}
}

// duration writes a time span as the API does: "1.23ms".
func duration(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 2, 64) + "ms"
}
