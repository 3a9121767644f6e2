package retention

import (
	"context"
	"slices"
	"strings"
	"time"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/store"
)

// The policies of an app.
const (
	oldMessages      = "old-messages"
	inactiveChannels = "inactive-channels"
)

// The bounds of policies.
const (
	minAge = 24             // hours
	maxAge = 5 * 8760       // hours: five years
	grace  = 24 * time.Hour // from when a policy is set until it removes something
)

// Channels removes channels.
type Channels interface {
	// Remove deletes a channel for good in the name of nobody, and tells of it.
	Remove(ctx context.Context, tx *store.Tx, cid chat.CID) error
}

// Queue takes jobs.
type Queue interface {
	Enqueue(ctx context.Context, tx *store.Tx, args jobs.Args, at time.Time) error
}

// Service has a method for each operation on policies. Its fields must be set before
// the first call.
type Service struct {
	Store    *store.Store
	Channels Channels
	Jobs     Queue
	Every    time.Duration // how often is looked for what is past its time; 0: every hour
}

// app returns the store of the actor's app.
func (s *Service) app(ctx context.Context) *store.App {
	return s.Store.App(auth.FromContext(ctx).App.ID)
}

// Policy is a policy as the API shows it.
type Policy struct {
	AppPK     chat.AppID   `json:"app_pk"`
	Policy    string       `json:"policy"`
	Config    PolicyConfig `json:"config"`
	EnabledAt time.Time    `json:"enabled_at"`
}

// PolicyConfig is for how long something is kept.
type PolicyConfig struct {
	MaxAgeHours int `json:"max_age_hours"`
}

func view(app chat.AppID, p *store.RetentionPolicy) Policy {
	return Policy{AppPK: app, Policy: p.Policy, Config: PolicyConfig{p.MaxAgeHours}, EnabledAt: p.EnabledAt}
}

func checkPolicy(name string) error {
	known := []string{oldMessages, inactiveChannels}
	switch {
	case name == "":
		return chat.Errorf(chat.Invalid, "policy is a required field")
	case !slices.Contains(known, name):
		return chat.Errorf(chat.Invalid, "policy must be one of [%s]", strings.Join(known, " "))
	}
	return nil
}

// SetRequest sets a policy.
type SetRequest struct {
	Policy      string `json:"policy"`
	MaxAgeHours int    `json:"max_age_hours"`
}

// Validate checks the policy's name and bounds.
func (r *SetRequest) Validate() error {
	if err := checkPolicy(r.Policy); err != nil {
		return err
	}
	switch {
	case r.MaxAgeHours < minAge:
		return chat.Errorf(chat.Invalid, "max_age_hours must be %d or greater", minAge)
	case r.MaxAgeHours > maxAge:
		return chat.Errorf(chat.Invalid, "max_age_hours must be %d or less", maxAge)
	}
	return nil
}

// SetResponse is the policy that was set.
type SetResponse struct {
	Policy Policy `json:"policy"`
}

// Set sets one of the app's policies. It begins to remove a day later.
func (s *Service) Set(ctx context.Context, r *SetRequest) (*SetResponse, error) {
	app := s.app(ctx)
	p := &store.RetentionPolicy{Policy: r.Policy, MaxAgeHours: r.MaxAgeHours}
	if err := app.InTx(ctx, func(tx *store.Tx) error { return tx.PutRetentionPolicy(ctx, p) }); err != nil {
		return nil, err
	}
	return &SetResponse{view(app.ID, p)}, nil
}

// ListRequest asks for the app's policies.
type ListRequest struct{}

// ListResponse are the app's policies.
type ListResponse struct {
	Policies []Policy `json:"policies"`
}

// List returns the app's policies.
func (s *Service) List(ctx context.Context, _ *ListRequest) (*ListResponse, error) {
	app := s.app(ctx)
	list, err := app.RetentionPolicies(ctx)
	out := &ListResponse{}
	for _, p := range list {
		out.Policies = append(out.Policies, view(app.ID, p))
	}
	return out, err
}

// DeleteRequest names a policy.
type DeleteRequest struct {
	Policy string `json:"policy"`
}

// Validate checks the policy's name.
func (r *DeleteRequest) Validate() error { return checkPolicy(r.Policy) }

// Delete ends one of the app's policies.
func (s *Service) Delete(ctx context.Context, r *DeleteRequest) (*struct{}, error) {
	return &struct{}{}, s.app(ctx).InTx(ctx, func(tx *store.Tx) error {
		had, err := tx.DeleteRetentionPolicy(ctx, r.Policy)
		if err == nil && !had {
			err = chat.Errorf(chat.NotFound, "there is no retention policy %s", r.Policy)
		}
		return err
	})
}
