// Package filter turns the API's Mongo-like filters and sorts into SQL.
//
// It works in three phases:
//
//  1. Parse reads a client's JSON document into a tree of And, Or, Nor and Cmp.
//     Everything that can be wrong whatever the entity is refused here: syntax,
//     depth, size, unknown operators, NUL characters, numbers beyond PostgreSQL.
//  2. Fields says what an entity can be filtered on: for every name a Field, and
//     JSON for the names that clients invent. A Field knows its SQL expression,
//     the operators it allows and the type of value it takes.
//  3. Fields.SQL walks the tree and lets each Field render its comparison. Values,
//     and the names of custom fields, become parameters of a Builder; nothing a
//     client sends is ever part of the SQL text.
//
// A store uses it so:
//
//	var users = filter.Fields{
//		Named: map[string]filter.Field{
//			"id":         filter.Text("u.id", filter.Range.With(filter.Autocomplete)),
//			"created_at": filter.Time("u.created_at", filter.Range),
//			"banned":     filter.Bool("u.banned", filter.Equal),
//		},
//		Custom: filter.JSON{Column: "u.custom", Ops: filter.Range.With(filter.Contains), Entity: "users"}.Field,
//	}
//
//	n, err := filter.Parse(req.FilterConditions, filter.Limits{})
//	b := filter.Builder{Args: []any{app}} // $1 is taken
//	where, err := users.SQL(&b, n)
//	rows, err := db.Query(ctx, "SELECT … FROM users u WHERE u.app_id = $1 AND "+where, b.Args...)
//
// What needs other tables or the asking user (members, joined, muted, …) is a
// Field made by Rendered: the store writes the SQL and takes the value out of the
// Cmp by Cmp.Text, Cmp.Bool and so on, which answer a wrong type in the API's
// words. A Field is a plain function, so a relation can call another one: the name
// of a member's user is EXISTS around Text.
//
// # Meaning
//
//   - $ne and $nin are allowed where $eq and $in are, and are their exact negation:
//     rows without a value match. $nor negates the same way. Comparing with no value
//     never matches.
//   - Null, bare or by $eq, matches rows without a value.
//   - Typed fields refuse a value of another type. Custom fields take any value and
//     a stored value of another type does not match; numbers compare exactly.
//   - Custom fields are found by path: "a.b" is member b of object a, and arrays are
//     not looked into. Equality and $contains are containments first, so an index
//     USING gin (custom jsonb_path_ops) serves them; ordering, $exists,
//     $autocomplete and $q are not indexed and need an indexed condition beside them.
//   - $autocomplete finds values in which a word starts with the text, whatever the
//     case (as far as the database's locale knows it); $q finds those that have all
//     words of the text.
//
// # Sorts
//
// ParseSort reads a sort, Keys says what an entity can be sorted by, and Keys.Order
// joins them to an Order: the ORDER BY list, and for keyset pages an expression that
// yields a row's position and the condition that selects what comes after one. Rows
// without a value come last in both directions. Seal and Open make a position opaque
// and tamper-proof for the client.
//
// The package leaves to its callers which filters an actor may use (Walk and Mentions
// help), and to the store every table and column name. Trees, Fields and Keys are
// values that never change and may be shared by goroutines; a Builder belongs to one
// statement.
package filter
