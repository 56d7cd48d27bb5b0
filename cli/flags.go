package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/complete"
	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/credfile/show"
)

// A flag's own list or limit checks what is given, stands in its help, and is
// what shells complete. What is wrong is told before a command begins.

// choiceFlag is a flag for one of a few values.
type choiceFlag struct {
	*cli.StringFlag
	values []string
}

// choice makes one. usage says what it is for; the values follow it.
func choice(name, initial, usage string, values ...string) *choiceFlag {
	return &choiceFlag{&cli.StringFlag{
		Name: name, Value: initial, Usage: usage + ": " + orList(values),
		Action: func(_ *cli.Context, v string) error { return oneOf("--"+name, v, values) },
	}, values}
}

// brief puts a text in the place of the list of values, where that is long.
func (f *choiceFlag) brief(text string) *choiceFlag {
	f.Usage = strings.TrimSuffix(f.Usage, orList(f.values)) + text
	return f
}

// Candidates are the values, for shells.
func (f *choiceFlag) Candidates() []complete.Candidate { return complete.Words(f.values...) }

// orList is "a, b or c".
func orList(values []string) string {
	last := len(values) - 1
	if last < 1 {
		return strings.Join(values, "")
	}
	return strings.Join(values[:last], ", ") + " or " + values[last]
}

// manyValues are too many for a message: those of the rules.
const manyValues = 20

// oneOf refuses a value that is not one of values.
func oneOf(what, value string, values []string) error {
	if slices.Contains(values, value) {
		return nil
	}
	if near := credfile.Nearest(value, values); near != "" {
		if len(values) > manyValues {
			return usagef("%s %q: no such rule; did you mean %q?", what, value, near)
		}
		return usagef("%s %q: must be one of %s; did you mean %q?", what, value, strings.Join(values, ", "), near)
	}
	if len(values) > manyValues {
		return usagef("%s %q: no such rule; run \"keycare explain\" for the list", what, value)
	}
	return usagef("%s %q: must be one of %s", what, value, strings.Join(values, ", "))
}

// ageFlag is a flag for a duration, such as 90d or 36h, of at least least.
func ageFlag(name, initial, usage string, least time.Duration) *cli.StringFlag {
	atLeast, such := show.Duration(least), "24h or 7d"
	switch {
	case least == day:
		atLeast, such = "a day", "90d"
	case least < time.Hour:
		such = "90s or 2m"
	}
	return &cli.StringFlag{
		Name: name, Value: initial, Usage: usage + "; at least " + atLeast,
		Action: func(_ *cli.Context, v string) error {
			if d, err := settings.ParseAge(v); err != nil || d < least {
				return usagef("--%s %q: must be a duration of at least %s, such as %s", name, v, atLeast, such)
			}
			return nil
		},
	}
}

const day = 24 * time.Hour

// age is the value of an ageFlag; 0 for an empty default.
func age(c *cli.Context, name string) time.Duration {
	d, _ := settings.ParseAge(c.String(name)) // it was checked when it was given
	return d
}

// profileFlag is a flag for a profile's name, profilesFlag for several.
type (
	profileFlag struct {
		*cli.StringFlag
		names func() []complete.Candidate
	}
	profilesFlag struct {
		*cli.StringSliceFlag
		names func() []complete.Candidate
	}
)

// profile makes one. names are those that make sense for it.
func profile(name, usage string, names func() []complete.Candidate) *profileFlag {
	return &profileFlag{&cli.StringFlag{Name: name, Usage: usage}, names}
}

func profiles(name, usage string, names func() []complete.Candidate) *profilesFlag {
	return &profilesFlag{&cli.StringSliceFlag{Name: name, Usage: usage + "; can be given more than once"}, names}
}

// Candidates are the names, for shells.
func (f *profileFlag) Candidates() []complete.Candidate { return f.names() }

// Candidates are the names, for shells.
func (f *profilesFlag) Candidates() []complete.Candidate { return f.names() }

// resultFormat is the --format of all commands but audit.
func resultFormat() *choiceFlag {
	return choice("format", "text", "`FORMAT` of the result on standard output", "text", "json")
}

func asJSON(c *cli.Context) bool { return c.String("format") == "json" }
