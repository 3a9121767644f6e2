package chat

import (
	"errors"
	"fmt"
)

// Kind classifies an error that a caller can act on; httpapi turns it into the
// API's code and status.
type Kind string

// The kinds of error, one for each code of the API that chatd answers.
const (
	Internal            Kind = "internal"              // -1: a fault of ours; the text is never sent
	Unavailable         Kind = "unavailable"           // -1 with 503: the database is away
	AccessKey           Kind = "access_key"            // 2
	Invalid             Kind = "invalid"               // 4
	Unauthenticated     Kind = "unauthenticated"       // 5
	DuplicateUsername   Kind = "duplicate_username"    // 6
	RateLimited         Kind = "rate_limited"          // 9
	NotFound            Kind = "not_found"             // 16
	NotAllowed          Kind = "not_allowed"           // 17
	EventNotSupported   Kind = "event_not_supported"   // 18
	FeatureNotSupported Kind = "feature_not_supported" // 19: switched off in the channel's config
	MessageTooLong      Kind = "message_too_long"      // 20
	NestedReply         Kind = "nested_reply"          // 21: a reply to a reply
	PayloadTooBig       Kind = "payload_too_big"       // 22
	Timeout             Kind = "timeout"               // 23
	HeaderTooBig        Kind = "header_too_big"        // 24
	TokenExpired        Kind = "token_expired"         //nolint:gosec // G101: no secret. 40: the only one on which SDKs fetch a new token
	TokenNotYetValid    Kind = "token_not_yet_valid"   // 41
	TokenBeforeIssued   Kind = "token_before_issued"   // 42
	TokenSignature      Kind = "token_signature"       // 43
	CommandMissing      Kind = "command_missing"       // 44
	CommandFailed       Kind = "command_failed"        // 45
	ConnectionNotFound  Kind = "connection_not_found"  // 46
	Cooldown            Kind = "cooldown"              // 60
	QueryNotAllowed     Kind = "query_not_allowed"     // 70: a channel query matched what the user may not read
	TooManyConnections  Kind = "too_many_connections"  // 71
	ModerationFailed    Kind = "moderation_failed"     // 73
	AppSuspended        Kind = "app_suspended"         // 99
)

// Error is the only error whose text reaches a client. Any other error is
// Internal to the outside.
type Error struct {
	Kind    Kind
	Message string            // the reason, in the API's words
	Fields  map[string]string // field -> what is wrong with it, for validation errors
	Err     error             // logged, never sent
}

func (e *Error) Error() string { return string(e.Kind) + ": " + e.Message }

// Unwrap returns the cause, which is not for clients.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an *Error of kind k. A %w operand becomes its Err, and its text
// is part of the message.
func Errorf(k Kind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Message: err.Error(), Err: errors.Unwrap(err)}
}

// KindOf returns the kind of err: Internal when it is not an *Error, "" when nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
