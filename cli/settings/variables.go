package settings

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"keycare/credfile"
)

const prefix = "KEYCARE_"

// otherVariables begin with the prefix and are no settings.
var otherVariables = []string{
	"KEYCARE_MFA_SERIAL",      // keycare sets it for mfa_command, which may run keycare
	"KEYCARE_CONFORMANCE_DIR", // tests: where the readings are
	"KEYCARE_LONG",            // tests: the long proofs
	"KEYCARE_RELEASE",         // .ci/release: with all archives
	"KEYCARE_TIMERS",          // tests: with real timers
}

// variables are those that begin with the prefix, of an environment as
// os.Environ has it. Windows does not tell capitals apart.
func variables(environ []string) map[string]string {
	found := map[string]string{}
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		if strings.HasPrefix(name, prefix) && value != "" {
			found[name] = value
		}
	}
	return found
}

// checkVariables refuses those that set nothing.
func checkVariables(found map[string]string) error {
	var names []string
	for _, o := range options {
		names = append(names, o.variable())
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if slices.Contains(names, name) || slices.Contains(otherVariables, name) {
			continue
		}
		if like := credfile.Nearest(name, names); like != "" {
			return fmt.Errorf("%s: no such setting; did you mean %s?", name, like)
		}
		return fmt.Errorf("%s: no such setting; known are: %s", name, strings.Join(names, ", "))
	}
	return nil
}
