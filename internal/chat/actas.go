package chat

// ActAs is embedded by the requests of routes where a server-side call names the
// user it acts for, by id or as an object that is upserted. Areas do not look at
// it: when their method runs, the actor is that user already.
type ActAs struct {
	UserID string       `json:"user_id,omitzero" query:"user_id"`
	User   *UserRequest `json:"user,omitzero"`
}

// Known names the user by his id alone: who reads, for instance, is not created by that.
func (a ActAs) Known() ActAs {
	if a.User == nil || a.UserID != "" {
		return a
	}
	return ActAs{UserID: a.User.ID}
}

// Acting gives the binding access to the embedded fields.
func (a *ActAs) Acting() *ActAs { return a }
