package appadmin

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/wire"
)

// The words of a channel type's configuration.
var (
	automods  = []string{"disabled", "simple", "AI"}
	behaviors = []string{"flag", "block", "shadow_block"}
	blocking  = []string{"flag", "block", "shadow_block", ""}
)

const (
	maxName       = 255 // bytes
	maxBlocklists = 15
	maxPolicies   = 100
	maxPriority   = 999
)

// checkConfig checks a channel type's configuration as a whole.
func checkConfig(c *chat.TypeConfig) error {
	for _, w := range []struct {
		field, value string
		words        []string
	}{
		{"automod", c.Automod, automods},
		{"automod_behavior", c.AutomodBehavior, behaviors},
		{"blocklist_behavior", c.BlocklistBehavior, blocking},
		{"push_level", c.PushLevel, permission.PushLevels()},
	} {
		if err := oneOf(w.field, w.value, w.words...); err != nil {
			return err
		}
	}
	for _, n := range []struct {
		field              string
		value, least, most int
	}{
		{"max_message_length", c.MaxMessageLength, 1, permission.MaxMaxMessageLength},
		{"blocklist", len(c.Blocklist), 0, maxName},
		{"partition_size", c.PartitionSize, 0, 1_000_000},
	} {
		if err := inRange(n.field, n.value, n.least, n.most); err != nil {
			return err
		}
	}
	if err := checkRetention(c); err != nil {
		return err
	}
	if err := checkList("allowed_flag_reasons", c.AllowedFlagReasons); err != nil {
		return err
	}
	if err := checkBlocklists(c.Blocklists); err != nil {
		return err
	}
	if err := checkThresholds(c.AutomodThresholds); err != nil {
		return err
	}
	if len(c.ChatPreferences) > maxElsewhere {
		return invalid("chat_preferences", "must be %d bytes or less", maxElsewhere)
	}
	return permission.ValidatePreferences(c.ChatPreferences)
}

// checkRetention checks how long messages and partitions live: "infinite" or days,
// and a span of time.
func checkRetention(c *chat.TypeConfig) error {
	if c.MessageRetention != "infinite" {
		if days, err := strconv.Atoi(c.MessageRetention); err != nil || days < 1 {
			return invalid("message_retention", `must be "infinite" or a number of days`)
		}
	}
	if c.PartitionTTL == "" {
		return nil
	}
	if ttl, err := time.ParseDuration(c.PartitionTTL); err != nil || ttl <= 0 {
		return invalid("partition_ttl", "must be a duration")
	}
	return nil
}

func checkBlocklists(doc jsontext.Value) error {
	var lists []struct {
		Blocklist string `json:"blocklist"`
		Behavior  string `json:"behavior"`
	}
	if err := decode(doc, &lists); err != nil {
		return err
	}
	if len(lists) > maxBlocklists {
		return invalid("blocklists", "must contain at maximum %d items", maxBlocklists)
	}
	for _, l := range lists {
		if l.Blocklist == "" || len(l.Blocklist) > maxName {
			return chat.Errorf(chat.Invalid, "blocklists.blocklist is a required field")
		}
		if err := oneOf("blocklists.behavior", l.Behavior, behaviors...); err != nil {
			return err
		}
	}
	return nil
}

func checkThresholds(doc jsontext.Value) error {
	var labels map[string]map[string]float64
	if err := decode(doc, &labels); err != nil {
		return err
	}
	for label, thresholds := range labels {
		if err := oneOf("automod_thresholds", label, "explicit", "spam", "toxic"); err != nil {
			return err
		}
		for action, t := range thresholds {
			if err := oneOf("automod_thresholds."+label, action, "flag", "block"); err != nil {
				return err
			}
			if t < 0 || t > 1 {
				return invalid("automod_thresholds."+label+"."+action, "must be between 0 and 1")
			}
		}
	}
	return nil
}

// decode reads a setting that is kept as it was sent; none is no setting.
func decode(doc jsontext.Value, to any) error {
	if len(doc) == 0 || doc.Kind() == 'n' {
		return nil
	}
	if len(doc) > maxElsewhere {
		return chat.Errorf(chat.Invalid, "a setting must be %d bytes or less", maxElsewhere)
	}
	return wire.Unmarshal(doc, to)
}

// policy is a rule of the older permissions: kept and shown, without effect.
type policy struct {
	Name      string   `json:"name"`
	Action    string   `json:"action"`
	Owner     bool     `json:"owner"`
	Priority  int      `json:"priority"`
	Resources []string `json:"resources"`
	Roles     []string `json:"roles"`
}

func checkPolicies(list []policy) error {
	if len(list) > maxPolicies {
		return invalid("permissions", "must contain at maximum %d items", maxPolicies)
	}
	for _, p := range list {
		if p.Name == "" || len(p.Name) > maxName {
			return chat.Errorf(chat.Invalid, "permissions.name is a required field")
		}
		if err := oneOf("permissions.action", p.Action, "Allow", "Deny"); err != nil {
			return err
		}
		if err := inRange("permissions.priority", p.Priority, 1, maxPriority); err != nil {
			return err
		}
		if err := checkList("permissions.resources", p.Resources); err != nil {
			return err
		}
		if err := checkList("permissions.roles", p.Roles); err != nil {
			return err
		}
	}
	return nil
}

// appPolicy is a policy as the app shows it.
type appPolicy struct {
	Name      string    `json:"name"`
	Action    int       `json:"action"` // 1 allows, 0 denies
	Owner     bool      `json:"owner"`
	Priority  int       `json:"priority"`
	Resources []string  `json:"resources"`
	Roles     []string  `json:"roles"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// policiesOf returns the policies of a channel type.
func policiesOf(t *chat.ChannelType) ([]policy, error) {
	var list []policy
	if len(t.Policies) == 0 {
		return nil, nil
	}
	err := wire.Unmarshal(t.Policies, &list)
	return list, err
}

func appPolicies(t *chat.ChannelType) ([]*appPolicy, error) {
	list, err := policiesOf(t)
	out := make([]*appPolicy, len(list))
	for i, p := range list {
		out[i] = &appPolicy{p.Name, 0, p.Owner, p.Priority, p.Resources, p.Roles, t.CreatedAt, t.UpdatedAt}
		if p.Action == "Allow" {
			out[i].Action = 1
		}
	}
	return out, err
}
