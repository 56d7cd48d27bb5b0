package cli

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
)

// An empty value of a flag, and an empty argument, is wrong usage with every
// command: what a script did not set is not what it means to leave out. Nothing
// is done then, and nothing written.
func TestEmptyValuesAreRefused(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	refused := func(says string, words ...string) {
		t.Helper()
		m := hereIn(home)
		if code := m.run(t.Context(), words...); code != exitUsage || m.out.Len() > 0 || !strings.Contains(m.talk.String(), says) || strings.Count(m.talk.String(), "\n") != 1 {
			t.Errorf("%q: exit code %d, printed %q, said %q", words, code, &m.out, &m.talk)
		}
	}
	flags := 0
	usage.Each(newApp(testEnv()).Commands, func(command string, c *cli.Command) {
		words := strings.Fields(command)
		for _, f := range c.Flags {
			if doc, ok := f.(cli.DocGenerationFlag); !ok || !doc.TakesValue() {
				continue
			}
			for _, name := range f.Names() {
				flags++
				says := dashed(name) + " needs a value"
				refused(says, slices.Concat(words, []string{dashed(name), ""})...)
				refused(says, slices.Concat(words, []string{"x", "--" + name + "="})...)
				refused(says, slices.Concat(words, []string{dashed(name), "", dashed(name), "x"})...)
			}
		}
		if c.ArgsUsage != "" {
			refused(`an argument of "keycare `+command+`" is empty`, slices.Concat(words, []string{""})...)
			refused(`an argument of "keycare `+command+`" is empty`, slices.Concat(words, []string{"--", "x", ""})...)
		}
	})
	if flags < 30 {
		t.Errorf("only %d flags", flags)
	}
}
