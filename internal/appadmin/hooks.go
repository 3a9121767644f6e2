package appadmin

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// The bounds of an app's event hooks.
const (
	maxHooks        = 50
	maxPendingHooks = 2
)

// hook is one event hook: where which events go.
type hook struct {
	ID               string         `json:"id"`
	HookType         string         `json:"hook_type"`
	Enabled          *bool          `json:"enabled"` // true when not given
	Product          string         `json:"product,omitzero"`
	EventTypes       []string       `json:"event_types"`
	ShouldSendCustom bool           `json:"should_send_custom_events"`
	TimeoutMS        int            `json:"timeout_ms,omitzero"`
	WebhookURL       string         `json:"webhook_url,omitzero"`
	SQSQueueURL      string         `json:"sqs_queue_url,omitzero"`
	SQSRegion        string         `json:"sqs_region,omitzero"`
	SQSAuthType      string         `json:"sqs_auth_type,omitzero"`
	SQSKey           string         `json:"sqs_key,omitzero"`
	SQSSecret        string         `json:"sqs_secret,omitzero"`
	SQSRoleARN       string         `json:"sqs_role_arn,omitzero"`
	SNSTopicARN      string         `json:"sns_topic_arn,omitzero"`
	SNSRegion        string         `json:"sns_region,omitzero"`
	SNSAuthType      string         `json:"sns_auth_type,omitzero"`
	SNSKey           string         `json:"sns_key,omitzero"`
	SNSSecret        string         `json:"sns_secret,omitzero"`
	SNSRoleARN       string         `json:"sns_role_arn,omitzero"`
	SNSGroupByEvent  bool           `json:"sns_event_based_message_group_id_enabled,omitzero"`
	Callback         jsontext.Value `json:"callback,omitzero"`
	FailoverConfig   jsontext.Value `json:"failover_config,omitzero"`
	CreatedAt        time.Time      `json:"created_at"`
	UpdatedAt        time.Time      `json:"updated_at"`
}

// newHooks checks the event hooks that replace all of an app's. Those that keep the
// id of an old one keep its created_at; others get an id.
func newHooks(doc, old jsontext.Value, now time.Time) (jsontext.Value, error) {
	var before, hooks []*hook
	if len(old) > 0 {
		if err := wire.Unmarshal(old, &before); err != nil {
			return nil, err
		}
	}
	if err := wire.Unmarshal(doc, &hooks); err != nil {
		return nil, err
	}
	if len(hooks) > maxHooks {
		return nil, invalid("event_hooks", "must contain at maximum %d items", maxHooks)
	}
	pending := 0
	seen := map[string]bool{}
	for i, h := range hooks {
		if h == nil {
			return nil, invalid("event_hooks", "must contain objects")
		}
		if err := h.check("event_hooks." + strconv.Itoa(i) + "."); err != nil {
			return nil, err
		}
		if h.HookType == hookPending {
			pending++
		}
		if pending > maxPendingHooks {
			return nil, invalid("event_hooks", "must contain at maximum %d hooks of type %s", maxPendingHooks, hookPending)
		}
		if h.ID == "" || seen[h.ID] {
			h.ID = uuid.NewString()
		}
		seen[h.ID] = true
		if h.Enabled == nil {
			h.Enabled = new(true)
		}
		h.CreatedAt, h.UpdatedAt = now, now
		for _, b := range before {
			if b.ID == h.ID {
				h.CreatedAt = b.CreatedAt
			}
		}
	}
	if hooks == nil {
		hooks = []*hook{}
	}
	return wire.Marshal(hooks)
}

// The types of hooks.
const (
	hookWebhook = "webhook"
	hookSQS     = "sqs"
	hookSNS     = "sns"
	hookPending = "pending_message"
)

// check checks one hook; at is the path of its fields.
func (h *hook) check(at string) error {
	if err := oneOf(at+"hook_type", h.HookType, hookWebhook, hookSQS, hookSNS, hookPending); err != nil {
		return err
	}
	if err := oneOf(at+"product", h.Product, "all", "chat", "video", "moderation", "feeds", ""); err != nil {
		return err
	}
	target := map[string]string{hookWebhook: h.WebhookURL, hookSQS: h.SQSQueueURL, hookSNS: h.SNSTopicARN, hookPending: "-"}[h.HookType]
	if target == "" {
		return chat.Errorf(chat.Invalid, "%s is a required field", at+map[string]string{
			hookWebhook: "webhook_url", hookSQS: "sqs_queue_url", hookSNS: "sns_topic_arn",
		}[h.HookType])
	}
	if err := checkURL(at+"webhook_url", h.WebhookURL); err != nil {
		return err
	}
	if err := checkURL(at+"sqs_queue_url", h.SQSQueueURL); err != nil {
		return err
	}
	for field, text := range map[string]string{
		"id": h.ID, "sqs_region": h.SQSRegion, "sqs_key": h.SQSKey, "sqs_secret": h.SQSSecret, "sqs_role_arn": h.SQSRoleARN,
		"sns_topic_arn": h.SNSTopicARN, "sns_region": h.SNSRegion, "sns_key": h.SNSKey, "sns_secret": h.SNSSecret, "sns_role_arn": h.SNSRoleARN,
		"callback": string(h.Callback), "failover_config": string(h.FailoverConfig),
	} {
		if len(text) > maxText {
			return invalid(at+field, "must be %d characters or less", maxText)
		}
	}
	for field, auth := range map[string]string{"sqs_auth_type": h.SQSAuthType, "sns_auth_type": h.SNSAuthType} {
		if err := oneOf(at+field, auth, "keys", "resource", "role", ""); err != nil {
			return err
		}
	}
	if err := h.checkTimeout(at); err != nil {
		return err
	}
	return checkList(at+"event_types", h.EventTypes)
}

// checkTimeout checks how long an answer may take or, of a hook for pending messages,
// how long these stay so, and where the latter leads.
func (h *hook) checkTimeout(at string) error {
	if h.HookType != hookPending {
		return inRange(at+"timeout_ms", h.TimeoutMS, 0, maxHookTimeout)
	}
	var callback struct {
		Mode string `json:"mode"`
	}
	if err := decode(h.Callback, &callback); err != nil {
		return err
	}
	if err := oneOf(at+"callback.mode", callback.Mode, callbackModes...); err != nil {
		return err
	}
	if h.WebhookURL == "" && callback.Mode != callbackModes[0] {
		return chat.Errorf(chat.Invalid, "%swebhook_url is a required field", at)
	}
	return inRange(at+"timeout_ms", h.TimeoutMS, 0, maxPending)
}

// callbackModes are the ways in which a server is told of pending messages, the first
// of which is not at all.
var callbackModes = []string{"CALLBACK_MODE_NONE", "CALLBACK_MODE_REST", "CALLBACK_MODE_TWIRP", ""}
