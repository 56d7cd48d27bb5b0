package schedule

import (
	"errors"
	"strings"

	"keycare/credfile/show"
)

// bare reports whether a word means itself to every reader here.
func bare(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.:=,@+-") == ""
}

// unitWord quotes a word of a unit file (systemd.syntax(7), "Quoting"). A "%" is
// the beginning of a specifier.
func unitWord(s string) string {
	if bare(s) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`).Replace(s) + `"`
}

// unitArg is unitWord for an argument of a command line, in which "$" begins a
// variable. In the name of the program it does not.
func unitArg(s string) string { return unitWord(strings.ReplaceAll(s, "$", "$$")) }

// unitWords reads words as unitWord writes them, and as a person may have
// changed them.
func unitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`\"'`, s[i+1]) >= 0:
			i++
			word.WriteByte(s[i])
			in = true
		case c == '\\':
			return nil, errors.New("an escape that is not known")
		case c == '%' && i+1 < len(s) && s[i+1] == '%':
			i++
			word.WriteByte('%')
			in = true
		case c == '%':
			return nil, errors.New("a specifier")
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, in = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote without its end")
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// shellWord quotes a word for sh. A backslash is always followed by a quote, so
// that what cron makes of backslashes before others does not matter.
func shellWord(s string) string {
	if bare(s) {
		return s
	}
	return "'" + strings.NewReplacer(`'`, `'\''`, `\`, `\''`).Replace(s) + "'"
}

// shellLine is a command line for sh.
func shellLine(argv []string) string {
	var words []string
	for _, a := range argv {
		words = append(words, shellWord(a))
	}
	return strings.Join(words, " ")
}

// shellWords reads words as shellWord writes them. Nothing is expanded, so what
// a shell would expand is an error.
func shellWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	in := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return nil, errors.New("a quote without its end")
			}
			word.WriteString(s[i+1 : i+1+end])
			i += end + 1
			in = true
		case c == '\\' && i+1 < len(s):
			i++
			word.WriteByte(s[i])
			in = true
		case c == ' ' || c == '\t':
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		case strings.IndexByte("\"$`\\|&<>()*?[#~", c) >= 0:
			return nil, errors.New("more than plain words")
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// windowsWord quotes an argument as C programs and Go read it
// (CommandLineToArgvW).
func windowsWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\"") {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	slashes := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			slashes++
		case '"': // the backslashes before a quote count twice, and one more hides it
			b.WriteString(strings.Repeat(`\`, slashes+1))
			slashes = 0
		default:
			slashes = 0
		}
		b.WriteByte(s[i])
	}
	b.WriteString(strings.Repeat(`\`, slashes))
	b.WriteByte('"')
	return b.String()
}

// windowsLine is a command line as Windows keeps it.
func windowsLine(argv []string) string {
	var words []string
	for _, a := range argv {
		words = append(words, windowsWord(a))
	}
	return strings.Join(words, " ")
}

// windowsWords splits arguments as CommandLineToArgvW does.
func windowsWords(s string) []string {
	var words []string
	var word strings.Builder
	in, quoted := false, false
	for i := 0; i < len(s); {
		slashes := 0
		for i < len(s) && s[i] == '\\' {
			slashes++
			i++
		}
		if i < len(s) && s[i] == '"' {
			word.WriteString(strings.Repeat(`\`, slashes/2))
			in = true
			switch {
			case slashes%2 == 1:
				word.WriteByte('"')
			case quoted && i+1 < len(s) && s[i+1] == '"':
				word.WriteByte('"')
				i++
			default:
				quoted = !quoted
			}
			i++
			continue
		}
		word.WriteString(strings.Repeat(`\`, slashes))
		in = in || slashes > 0
		if i == len(s) {
			break
		}
		if c := s[i]; !quoted && (c == ' ' || c == '\t') {
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		} else {
			word.WriteByte(c)
			in = true
		}
		i++
	}
	if in {
		words = append(words, word.String())
	}
	return words
}

// Line is the job's command line, for people to read and to try.
func Line(goos string, argv []string) string {
	if goos == "windows" {
		return show.Text(windowsLine(argv))
	}
	if line := show.Command(goos, argv...); line != "" {
		return line
	}
	return show.Text(strings.Join(argv, " "))
}
