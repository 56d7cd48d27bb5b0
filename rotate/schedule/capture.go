package schedule

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile/show"
	"keycare/credfile/sorting"
)

// form is how the value of a variable is kept.
type form int

const (
	asIs form = iota
	address
	file
	folders
)

// captured are the variables of the user's shell without which a job would see
// other files, or not get through to AWS. None names a key or a profile.
var captured = []struct {
	name string
	form form
}{
	{"HTTPS_PROXY", address}, {"https_proxy", address}, {"HTTP_PROXY", address}, {"http_proxy", address},
	{"ALL_PROXY", address}, {"all_proxy", address}, {"NO_PROXY", address}, {"no_proxy", address},
	{"AWS_CONFIG_FILE", file}, {"AWS_SHARED_CREDENTIALS_FILE", file}, {"AWS_CA_BUNDLE", file},
	{"AWS_CLI_HISTORY_FILE", file}, {"AWS_REGION", asIs}, {"AWS_DEFAULT_REGION", asIs},
	{"AWS_ENDPOINT_URL", address}, {"AWS_ENDPOINT_URL_IAM", address}, {"AWS_ENDPOINT_URL_STS", address},
	{"AWS_USE_FIPS_ENDPOINT", asIs}, {"AWS_USE_DUALSTACK_ENDPOINT", asIs},
	{"SSL_CERT_FILE", file}, {"SSL_CERT_DIR", folders}, {"XDG_CONFIG_HOME", asIs}, {"XDG_STATE_HOME", asIs},
}

// Capture returns the variables that a timer's job needs, sorted by name: those
// it knows that are set, and more, which the caller names. Paths become
// absolute. What may hold a secret is left out, with a sentence that names the
// variable and never shows its value.
func Capture(lookup func(string) (string, bool), more []string) (vars []Var, left []string) {
	add := func(name string, f form) {
		value, _ := lookup(name)
		if value == "" || slices.ContainsFunc(vars, func(v Var) bool { return v.Name == name }) {
			return
		}
		if f == address && mayHoldSecret(value) {
			left = append(left, fmt.Sprintf("%s is left out, for it may hold a password or a token: "+
				"let the timer use a proxy that needs none, or set the variable for the timer by hand", name))
			return
		}
		if show.SecretLike(value) {
			left = append(left, name+" is left out, for it may hold a secret: set it to what belongs there")
			return
		}
		switch f {
		case file:
			value = absolute(value)
		case folders:
			list := filepath.SplitList(value)
			for i := range list {
				list[i] = absolute(list[i])
			}
			value = strings.Join(list, string(filepath.ListSeparator))
		}
		vars = append(vars, Var{name, value})
	}
	for _, c := range captured {
		add(c.name, c.form)
	}
	for _, name := range more {
		if name != "KEYCARE_MFA_COMMAND" { // the job asks for no code, and a command may hold a secret
			add(name, asIs)
		}
	}
	sorting.By(vars, func(a, b Var) int { return strings.Compare(a.Name, b.Name) })
	return vars, left
}

// mayHoldSecret reports whether an address has more than a place in it: a user
// name, which may be a token, also one that is written in escapes, or a query.
func mayHoldSecret(address string) bool {
	return strings.ContainsAny(address, "@?＠") || strings.Contains(strings.ToLower(address), "%40") ||
		strings.Contains(strings.ToLower(address), "%3a")
}

// absolute leaves a path with "~" or "$" as it is: AWS's tools differ in what
// they make of it, which keycare reports.
func absolute(path string) string {
	if strings.HasPrefix(path, "~") || strings.Contains(path, "$") {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func sorted(env map[string]string) (vars []Var) {
	for name, value := range env {
		vars = append(vars, Var{name, value})
	}
	sorting.By(vars, func(a, b Var) int { return strings.Compare(a.Name, b.Name) })
	return vars
}
