package report

import (
	"strings"

	"keycare/credfile/show"
)

var (
	ruleEnvironmentKey = &Rule{
		ID: "environment-key", About: AboutMachine, Severity: Medium, Because: "tools use a different key than the file says",
		Title:   "Key in the environment",
		Why:     "tools prefer it to the files, and a rotation does not change it",
		Sources: []string{srcPrecedence},
	}
)

// environmentRules are about keys in the environment.
var environmentRules = []*Rule{ruleEnvironmentKey}

func lookAtEnvironment(a *auditor) {
	names := a.in.AWSFiles.EnvKeys
	if len(names) == 0 {
		return
	}
	f := Finding{KeyID: a.in.AWSFiles.EnvKeyID, Repair: unset(a.goos, names)}
	verb := " is set"
	if len(names) > 1 {
		verb = " are set"
	}
	f.What = strings.Join(names, ", ") + verb + " in the environment"
	if f.KeyID != "" {
		f.What += ", with key " + f.KeyID
		if k := a.inventory.byID[f.KeyID]; k != nil {
			f.Profiles = k.profiles()
			f.What += " of " + show.Names(f.Profiles)
		}
	}
	a.add(ruleEnvironmentKey, f, names...)
}

// unset takes variables out of the shell.
func unset(goos string, names []string) Repair {
	if goos == "windows" {
		return do("Remove-Item Env:" + strings.Join(names, ", Env:") + "  # in cmd: set " + strings.Join(names, "=& set ") + "=")
	}
	return do("unset " + strings.Join(names, " "))
}
