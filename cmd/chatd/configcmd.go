package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"chatd/internal/config"
)

type configCommand struct {
	Markdown bool `help:"Print names, defaults and meanings as a Markdown table, for the manual."`
}

// Run shows the settings also when they are wrong, and then what is wrong.
func (c *configCommand) Run(t *terminal) error {
	settings, err := t.config()
	if c.Markdown {
		t.printf("%s", markdown(settings.Settings()))
		return nil
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NAME\tVALUE\tDEFAULT\tMEANING") // a closed terminal is no reason to stop
	for _, s := range settings.Settings() {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, cmp.Or(s.Value, "-"), cmp.Or(s.Default, "-"), s.Help)
	}
	_ = w.Flush()
	return err
}

// markdown is the table of the README.
func markdown(settings []config.Setting) string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n|---|---|---|\n")
	for _, s := range settings {
		initial := ""
		if s.Default != "" {
			initial = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, initial, s.Help)
	}
	return b.String()
}
