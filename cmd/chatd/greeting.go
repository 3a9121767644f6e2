package main

import (
	"strings"
	"text/template"
)

// greeting is what chatd dev prints when it is ready. The snippet is a whole
// program, with the credentials filled in.
var greeting = template.Must(template.New("greeting").Parse(`
chatd is ready. Ctrl-C stops it; the data stays in {{.Dir}}.

  Base URL     {{.URL}}
  API key      {{.Key}}
  API secret   {{.Secret}}
  User         {{.User}}
  User token   {{.Token}}

Try it with Node.js: run "npm install stream-chat", save this as hello.mjs, run "node hello.mjs".

  import { StreamChat } from "stream-chat";

  const client = new StreamChat("{{.Key}}", { baseURL: "{{.URL}}", allowServerSideConnect: true });
  await client.connectUser({ id: "{{.User}}" }, "{{.Token}}");

  const channel = client.channel("messaging", "general");
  await channel.watch();
  const received = new Promise((resolve) => channel.on("message.new", resolve));
  await channel.sendMessage({ text: "Hello from the SDK" });

  const { message } = await received;
  console.log(message.user.id + ": " + message.text);
  await client.disconnectUser();
  process.exit(); // timers of the SDK would keep Node.js for 15 seconds

`))

// greet prints the greeting.
func (a *devApp) greet(t *terminal, dir string) error {
	token, err := signUser(a.Secret, demoUser, 0)
	if err != nil {
		return err
	}
	var b strings.Builder
	err = greeting.Execute(&b, map[string]string{
		"Dir": dir, "URL": a.url, "Key": a.Key, "Secret": a.Secret, "User": demoUser, "Token": token,
	})
	t.printf("%s", b.String())
	return err
}
