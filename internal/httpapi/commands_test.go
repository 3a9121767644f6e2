package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

func TestCommands(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann")
	long := strings.Repeat("x", 256)
	body := func(fields string) string { return `{"name":"c","description":"d",` + fields + `}` }
	exchangeAll(t, s, []exchange{
		{name: "the built-in ones", method: "GET", path: "/commands", want: map[string]string{
			"commands.#": "5", "commands.0": `{"args":"[text]","description":"Post a random gif to the channel","name":"giphy","set":"fun_set"}`,
		}},
		{name: "create", method: "POST", path: "/commands", body: `{"name":"ticket","description":"Create a ticket","args":"[description]","set":"support_set"}`, want: map[string]string{
			"command.name": `"ticket"`, "command.description": `"Create a ticket"`, "command.args": `"[description]"`, "command.set": `"support_set"`,
		}},
		{name: "create with less", method: "POST", path: "/commands", body: `{"name":"a-B_2","description":"d","args":"","set":""}`, want: map[string]string{"command.args": `""`, "command.set": `""`}},
		{name: "the same name", method: "POST", path: "/commands", body: `{"name":"ticket","description":"d"}`, status: 400, code: 4, message: `CreateCommand failed with error: "command "ticket" already exists"`},
		{name: "no name", method: "POST", path: "/commands", body: `{"description":"d"}`, status: 400, code: 4, message: "name is a required field"},
		{name: "no description", method: "POST", path: "/commands", body: `{"name":"x"}`, status: 400, code: 4, message: "description is a required field"},
		{name: "a space", method: "POST", path: "/commands", body: `{"name":"a b","description":"d"}`, status: 400, code: 4, message: "name must be 255 characters or less: letters, numbers, - and _"},
		{name: "a slash", method: "POST", path: "/commands", body: `{"name":"/x","description":"d"}`, status: 400, code: 4, message: "letters, numbers"},
		{name: "a long name", method: "POST", path: "/commands", body: `{"name":"` + long + `","description":"d"}`, status: 400, code: 4, message: "255 characters or less"},
		{name: "a long description", method: "POST", path: "/commands", body: `{"name":"x","description":"` + long + `"}`, status: 400, code: 4, message: "description must be 255 characters or less"},
		{name: "long args", method: "POST", path: "/commands", body: body(`"args":"` + long + `"`), status: 400, code: 4, message: "args must be"},
		{name: "a long set", method: "POST", path: "/commands", body: body(`"set":"` + long + `"`), status: 400, code: 4, message: "set must be"},
		{name: "a built-in name", method: "POST", path: "/commands", body: `{"name":"giphy","description":"d"}`, status: 400, code: 4, message: `command name "giphy" is reserved`},
		{name: "in capitals", method: "POST", path: "/commands", body: `{"name":"Ban","description":"d"}`, status: 400, code: 4, message: "reserved"},
		{name: "the name of a set", method: "POST", path: "/commands", body: `{"name":"fun_set","description":"d"}`, status: 400, code: 4, message: "reserved"},
		{name: "all", method: "POST", path: "/commands", body: `{"name":"all","description":"d"}`, status: 400, code: 4, message: "reserved"},
		{name: "list", method: "GET", path: "/commands", want: map[string]string{"commands.#": "7", "commands.5.name": `"a-B_2"`, "commands.6.name": `"ticket"`}},
		{name: "get", method: "GET", path: "/commands/ticket", want: map[string]string{"name": `"ticket"`, "description": `"Create a ticket"`, "args": `"[description]"`, "set": `"support_set"`}},
		{name: "get a built-in one", method: "GET", path: "/commands/mute", want: map[string]string{"name": `"mute"`, "args": `"[@username]"`, "set": `"moderation_set"`, "created_at": "null"}},
		{name: "get none", method: "GET", path: "/commands/nope", status: 404, code: 16, message: `GetCommand failed with error: "command "nope" does not exist"`},

		{name: "in a type, by name and by set", method: "PUT", path: "/channeltypes/messaging", body: `{"commands":["fun_set","support_set","a-B_2","ticket"]}`, want: map[string]string{"commands": `["giphy","ticket","a-B_2"]`}},
		{name: "in a new type", method: "POST", path: "/channeltypes", body: `{"name":"support","commands":["all"]}`, want: map[string]string{"commands.#": "7"}},
		{name: "in the channel", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{
			"channel.config.commands.#": "3", "channel.config.commands.1.name": `"ticket"`, "channel.config.commands.1.args": `"[description]"`,
			"channel.config.commands.1.description": `"Create a ticket"`, "channel.config.commands.1.set": `"support_set"`,
		}},
		{name: "delete in use", method: "DELETE", path: "/commands/ticket", status: 400, code: 4, message: `DeleteCommand failed with error: "command "ticket" is used by channel type messaging and cannot be deleted"`},
		{name: "update", method: "PUT", path: "/commands/ticket", body: `{"description":"Open a ticket"}`, want: map[string]string{
			"command.name": `"ticket"`, "command.description": `"Open a ticket"`, "command.args": `"[description]"`, "command.set": `"support_set"`,
		}},
		{name: "update args", method: "PUT", path: "/commands/ticket", body: `{"name":"","description":"","args":"[what]","set":""}`, want: map[string]string{
			"command.description": `"Open a ticket"`, "command.args": `"[what]"`, "command.set": `"support_set"`,
		}},
		{name: "as the type shows it", method: "GET", path: "/channeltypes/support", want: map[string]string{"commands.6.description": `"Open a ticket"`, "commands.6.args": `"[what]"`}},
		{name: "as the channel shows it", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"channel.config.commands.1.description": `"Open a ticket"`}},
		{name: "update too long", method: "PUT", path: "/commands/ticket", body: `{"args":"` + long + `"}`, status: 400, code: 4, message: "args must be"},
		{name: "update a built-in one", method: "PUT", path: "/commands/giphy", body: `{"description":"d"}`, status: 400, code: 4, message: "cannot update the builtin command"},
		{name: "update none", method: "PUT", path: "/commands/nope", body: `{"description":"d"}`, status: 404, code: 16, message: "does not exist"},
		{name: "in a channel alone", method: "PATCH", path: path, body: `{"set":{"config_overrides":{"commands":["ticket"]}}}`, want: map[string]string{"channel.config.commands.#": "1", "channel.config.commands.0.args": `"[what]"`}},
		{name: "out of the types", method: "PUT", path: "/channeltypes/messaging", body: `{"commands":["giphy"]}`},
		{name: "and out of this", method: "PUT", path: "/channeltypes/support", body: `{"commands":[]}`},
		{name: "delete", method: "DELETE", path: "/commands/ticket", want: map[string]string{"name": `"ticket"`}},
		{name: "delete again", method: "DELETE", path: "/commands/ticket", status: 404, code: 16, message: "does not exist"},
		{name: "delete a built-in one", method: "DELETE", path: "/commands/ban", status: 400, code: 4, message: "cannot delete the builtin command"},
		{name: "out of the channel", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"channel.config.commands": "[]"}},
		{name: "no type can have it", method: "PUT", path: "/channeltypes/messaging", body: `{"commands":["ticket"]}`, status: 400, code: 4, message: `command "ticket" does not exist`},

		{name: "list by a user", who: "ann", method: "GET", path: "/commands", status: 403, code: 17, message: "server side"},
		{name: "create by a user", who: "ann", method: "POST", path: "/commands", body: `{"name":"y","description":"d"}`, status: 403, code: 17, message: "server side"},
		{name: "get by a user", who: "ann", method: "GET", path: "/commands/giphy", status: 403, code: 17, message: "server side"},
		{name: "update by a user", who: "ann", method: "PUT", path: "/commands/a-B_2", body: `{"description":"x"}`, status: 403, code: 17, message: "server side"},
		{name: "delete by a user", who: "ann", method: "DELETE", path: "/commands/a-B_2", status: 403, code: 17, message: "server side"},
	})
	other := testkit.Start(t)
	other.Server().Get("/commands/a-B_2").Fails(404, 16, "does not exist")
	other.Server().Delete("/commands/a-B_2").Fails(404, 16, "does not exist")
	other.Server().Get("/commands").OK().Want("commands.#", "5")
}

func TestCommandsAreBounded(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	for i := range 100 {
		s.Server().Post("/commands", fmt.Sprintf(`{"name":"c%d","description":"d"}`, i)).OK()
	}
	s.Server().Post("/commands", `{"name":"more","description":"d"}`).Fails(400, 4, "an app can have at maximum 100 commands")
}
