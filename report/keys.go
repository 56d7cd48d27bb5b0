package report

import (
	"fmt"
	"strings"
	"time"

	"keycare/credfile"
)

// lookAtKeys judges what key IDs say by themselves, and where they stand.
func lookAtKeys(a *auditor) {
	for _, k := range a.survey.keys {
		if k.selected() {
			a.key(k)
		}
	}
}

func (a *auditor) key(k *key) {
	f := a.keyFinding(k)
	of := someNames(f.Profiles)
	add := func(rule, what string) {
		f := f
		f.What = what
		a.add(rule, f, k.subjectOf())
	}
	a.keyPlaces(k, f)
	switch {
	case k.Canary:
		add("canary-key", fmt.Sprintf("%s of %s belongs to an account of canary keys", k.show(), of))
	case k.Example:
		add("example-key", fmt.Sprintf("%s has the example %s", of, k.show()))
	case !k.valid || k.oddDigits():
		if k.Kind != credfile.Unknown || k.forAWS() {
			add("not-an-access-key", fmt.Sprintf("%s has a key ID that AWS never gave out (%d characters)", of, len(k.ID)))
		}
	case k.Kind == credfile.Temporary:
		a.session(k, f)
	case k.Kind == credfile.LongTerm:
		if o := a.in.Online[k.ID]; o.Rejected || o.Status.Value == "Inactive" {
			return // it does not work
		}
		add("static-key", fmt.Sprintf("%s of %s works until someone deletes it%s", k.show(), of, a.seen(k)))
		if k.OldGen {
			add("old-generation-key", fmt.Sprintf("%s of %s was made before about 2019", k.show(), of))
		}
	}
}

// seen says how old a key is at least, where its age is not known.
func (a *auditor) seen(k *key) string {
	o, ok := a.in.Online[k.ID]
	days := int(a.in.Now.Sub(o.FirstSeen) / day)
	if !ok || o.Created.Known() || o.FirstSeen.IsZero() || days < 1 {
		return ""
	}
	return fmt.Sprintf("; its age is unknown, at least %s (first seen %s)", count(days, "day"), o.FirstSeen.UTC().Format(time.DateOnly))
}

// oddDigits says that the ID has letters that AWS never uses.
func (k *key) oddDigits() bool { return strings.ContainsAny(k.ID, "0189") }

// forAWS reports whether a place of k is without an endpoint of its own, so that
// the key is meant for AWS.
func (k *key) forAWS() bool {
	for _, p := range k.places {
		if p.s.ways&hasEndpoint == 0 {
			return true
		}
	}
	return false
}

// keyPlaces judges the places of a key of any kind.
func (a *auditor) keyPlaces(k *key, f Finding) {
	if len(f.Profiles) > 1 && !k.Canary && !k.Example {
		f := f
		f.What = fmt.Sprintf("%s stands in %s", k.show(), someNames(f.Profiles))
		a.add("shared-key", f, k.subjectOf())
	}
	for _, p := range k.places {
		h := p.at()
		names := f.Profiles[:0:0]
		if p.s.name != "" {
			names = []string{p.s.name}
		}
		here := a.at(Finding{Profiles: names, KeyID: f.KeyID}, p.file, h.id.line, h.id.col)
		if p.file == credfile.ConfigFile {
			here := here
			here.What = fmt.Sprintf("%s has %s in the config file", someNames(names), k.show())
			a.add("key-in-config", here, p.s.name, k.subjectOf())
		}
		if k.Kind == credfile.LongTerm && k.valid && h.token.there() {
			here.What = fmt.Sprintf("%s has a session token beside the long-term %s", someNames(names), k.show())
			here.Line, here.Col = h.token.line, h.token.col
			a.add("key-with-token", here, p.s.name, k.subjectOf())
		}
	}
}

// session judges a key from STS.
func (a *auditor) session(k *key, f Finding) {
	rule, what := "session-key-no-token", "%s of %s has no session token beside it"
	for _, p := range k.places {
		if p.at().token.there() {
			rule, what = "session-key", "%s of %s is a session key: it expires by itself"
		}
	}
	f.What = fmt.Sprintf(what, k.show(), someNames(f.Profiles))
	a.add(rule, f, k.subjectOf())
}
