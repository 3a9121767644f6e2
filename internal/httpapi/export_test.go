package httpapi

// Caller names who may call the route, as testdata/operations.txt does.
func (r *Route) Caller() string { return callerNames[r.caller] }

// Query names the parameters that the route takes from the query.
func (r *Route) Query() []string {
	var names []string
	for _, p := range paramsOf(r.Req, nil) {
		if !p.path {
			names = append(names, p.name)
		}
	}
	return names
}
