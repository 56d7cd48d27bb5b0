package settings

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
)

func days(to *time.Duration, v string) error {
	d, err := ParseAge(v)
	if err == nil && d < 24*time.Hour {
		err = fmt.Errorf("%q: must be a duration of at least a day, such as 90d", v)
	}
	*to = d
	return err
}

// seconds reads a duration of at least one; an empty one is none.
func seconds(to *time.Duration, v string) error {
	if *to = 0; v == "" {
		return nil
	}
	d, err := ParseAge(v)
	if err == nil && d < time.Second {
		err = fmt.Errorf("%q: must be a duration of at least a second, such as 90s", v)
	}
	*to = d
	return err
}

// ParseAge reads a duration such as 90d, 12h or 1d12h; a bare number is days.
func ParseAge(s string) (time.Duration, error) {
	rest := s
	if _, err := strconv.Atoi(s); err == nil {
		rest, s = s+"d", s+"d"
	}
	var total time.Duration
	if days, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%q is not a duration such as 90d or 36h", s)
		}
		total, rest = time.Duration(n)*24*time.Hour, after
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%q is not a duration such as 90d or 36h", s)
		}
		total += d
	}
	return total, nil
}

// shownAge writes a duration in its shortest form: 90d, 1d12h. What is none stays
// as it is.
func shownAge(v string) string {
	d, err := ParseAge(v)
	if err != nil {
		return v
	}
	return show.Duration(d)
}

func oneOf(v string, known []string) error {
	if slices.Contains(known, v) {
		return nil
	}
	if near := credfile.Nearest(v, known); near != "" {
		return fmt.Errorf("there is no %q; did you mean %q?", v, near)
	}
	if len(known) > 10 { // the rules
		return fmt.Errorf("no rule %q; run \"keycare explain\" for the list", v)
	}
	return fmt.Errorf("there is no %q; there are: %s", v, strings.Join(known, ", "))
}

// list reads values between commas.
func list(to *[]string, v string, check func(string) error) error {
	*to = nil
	for one := range strings.SplitSeq(v, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if err := check(one); err != nil {
			return err
		}
		*to = append(*to, one)
	}
	return nil
}

// wholePath is a full path, or one below the home folder that begins with ~/.
func wholePath(v string) error {
	if rest, ok := strings.CutPrefix(v, "~/"); ok && rest != "" || filepath.IsAbs(v) {
		return nil
	}
	return fmt.Errorf("%s is not a whole path", show.Name(v))
}

func anything(string) error { return nil }

func account(v string) error {
	if len(v) != 12 || strings.Trim(v, "0123456789") != "" {
		return fmt.Errorf("%q is not an account ID of 12 digits", v)
	}
	return nil
}

func keyID(v string) error {
	if !show.IsKeyID(v) {
		return errors.New("it is not an access key ID") // it may be a secret: not shown
	}
	return nil
}

// fingerprint is that of a finding, as the audit's JSON has it.
func fingerprint(v string) error {
	if len(v) != 32 || strings.Trim(v, "0123456789abcdef") != "" {
		return fmt.Errorf("%s is not a finding's fingerprint", show.Name(v))
	}
	return nil
}

// argv splits a command line at spaces, but for those in quotes.
func argv(line string) ([]string, error) {
	var args []string
	var word strings.Builder
	in, quote := false, rune(0)
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '"' || c == '\'':
			quote, in = c, true
		case c == ' ' || c == '\t':
			if in {
				args = append(args, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteRune(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a %c is not closed", quote)
	}
	if in {
		args = append(args, word.String())
	}
	return args, nil
}

// reports reads FORMAT=FILE, with commas between them. The files are whole paths:
// nobody knows the folder in which a timer starts.
func reports(to *[]Report, v string, k Known) error {
	*to = nil
	var all []string
	if err := list(&all, v, anything); err != nil {
		return err
	}
	for _, one := range all {
		form, file, ok := strings.Cut(one, "=")
		form, file = strings.TrimSpace(form), strings.TrimSpace(file)
		if !ok || file == "" {
			return fmt.Errorf("%q: write FORMAT=FILE, for example json=/var/lib/keycare/report.json", one)
		}
		if err := oneOf(form, k.Formats); err != nil {
			return err
		}
		if rest, below := strings.CutPrefix(file, "~/"); below && k.Home != "" {
			file = filepath.Join(k.Home, rest)
		}
		if !filepath.IsAbs(file) {
			return fmt.Errorf("%q: must be a whole path", file)
		}
		*to = append(*to, Report{form, file})
	}
	return nil
}
