package rotate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/credfile/sorting"
	"keycare/rotate/client"
)

// keyTarget is a key that may be rotated as far as the files tell.
type keyTarget struct {
	files   *keyFiles
	set     *credfile.Set
	profile string
	pair    credfile.Pair
	places  []credfile.Place
	plan    *credfile.Plan
	asked   time.Time // when AWS was asked, by this machine's clock
	worked  time.Time // when STS was seen to accept the key
	second  string    // status, age and last use of the user's second key
	owner   string    // name of the IAM user whose key it is; empty where that is not known
	barred  bool      // AWS has put that user in quarantine
}

// placeholder stands for the new key where a plan is made before it exists.
var placeholder = credfile.Pair{ID: "AKIANEWKEYNEWKEYNEWK", Secret: credfile.NewSecret(strings.Repeat("N", 40))}

// keyFiles is the two files as they were read once, for all keys of one phase of
// a run, with what was worked out for each. Whoever changes a file, or lets time
// pass in which others may, reads them anew.
type keyFiles struct {
	set     *credfile.Set
	targets map[string]*keyTarget // by profile
	errs    map[string]error
	roles   map[string][]string // by profile, those that take a role with its key, through other profiles too
}

// readFiles reads the files and looks at the keys of the profiles.
func (rot *Rotator) readFiles(profiles ...string) *keyFiles {
	set, err := credfile.Load(rot.Disk, rot.Paths)
	if err != nil {
		f := &keyFiles{set: credfile.NewSet(rot.Paths, "", ""), errs: map[string]error{}}
		for _, p := range profiles {
			f.errs[p] = err
		}
		return f
	}
	return rot.examineIn(set, profiles)
}

// tornReads bounds how often a file is read again that does not hold what is
// asked for.
const tornReads = 5

// readSettled is readFiles, but waits for a program that truncates a file before
// it writes it: an error stands once two reads of a file that is not empty are
// equal.
func (rot *Rotator) readSettled(ctx context.Context, profiles ...string) *keyFiles {
	f := rot.readFiles(profiles...)
	for range tornReads {
		var refused *Refused
		if !slices.ContainsFunc(profiles, func(p string) bool {
			_, err := f.key(p)
			return err != nil && !errors.As(err, &refused)
		}) || rot.Wait(ctx, settle) != nil {
			return f
		}
		before := f.set
		f = rot.readFiles(profiles...)
		if text := f.set.Credentials.Text; text != "" && text == before.Credentials.Text && f.set.Config.Text == before.Config.Text {
			return f
		}
	}
	return f
}

// examineIn looks at the files alone: is there a key under each profile that all
// tools read alike, of a kind that can be rotated, and can every place be edited.
func (rot *Rotator) examineIn(set *credfile.Set, profiles []string) *keyFiles {
	f := &keyFiles{set: set, targets: map[string]*keyTarget{}, errs: map[string]error{}, roles: map[string][]string{}}
	var pairs []credfile.Pair
	nth := map[string]int{} // by key ID
	for _, p := range profiles {
		pair, err := rot.pairOf(set, p)
		if err != nil {
			f.errs[p] = err
			continue
		}
		f.targets[p] = &keyTarget{files: f, set: set, profile: p, pair: pair}
		if _, ok := nth[pair.ID]; !ok {
			nth[pair.ID] = len(pairs)
			pairs = append(pairs, pair)
		}
	}
	plans := make([]*credfile.Plan, len(pairs))
	if len(pairs) > 1 {
		plans = set.PlanEach(pairs, placeholder)
	}
	for p, t := range f.targets {
		i := nth[t.pair.ID]
		if t.plan = plans[i]; t.plan == nil || !pairs[i].Equal(t.pair) {
			plan, err := set.Plan(credfile.Swap{From: []credfile.Pair{t.pair}, To: placeholder})
			if err != nil {
				f.errs[p] = err
				delete(f.targets, p)
				continue
			}
			t.plan = plan
		}
		t.places = t.plan.Places
		if err := refuseNames(t.places); err != nil {
			f.errs[p] = err
			delete(f.targets, p)
		}
	}
	for _, p := range set.Profiles() {
		if set.Setting(p, "role_arn") == "" || set.Setting(p, "source_profile") == "" {
			continue
		}
		if source, why := set.RoleSource(p); why == "" && source != p {
			f.roles[source] = append(f.roles[source], p)
		}
	}
	return f
}

// key returns what is known of the key of a profile, or why it cannot be rotated.
func (f *keyFiles) key(profile string) (*keyTarget, error) {
	if err := f.errs[profile]; err != nil {
		return nil, err
	}
	return f.targets[profile], nil
}

// examine reads the files for the key of one profile.
func (rot *Rotator) examine(profile string) (*keyTarget, error) {
	return rot.readFiles(profile).key(profile)
}

// CanRotate says why the key of profile cannot be rotated, as far as the files
// tell; nil if it can.
func (rot *Rotator) CanRotate(profile string) error {
	_, err := rot.examine(profile)
	return err
}

// pairOf is the key of a profile, if it is of a kind that may be rotated.
func (rot *Rotator) pairOf(set *credfile.Set, profile string) (credfile.Pair, error) {
	if err := set.Fit(profile); err != nil {
		return credfile.Pair{}, &Refused{err.Error()}
	}
	r, err := set.Agreed(profile)
	if err != nil {
		var none *credfile.NoKeyError
		if errors.As(err, &none) {
			if why := rot.otherKind(set, profile); why != "" {
				return credfile.Pair{}, refuse("profile %s: %s", show.Name(profile), why)
			}
		}
		return credfile.Pair{}, err
	}
	if err := refuseByID(set, profile, r); err != nil {
		return credfile.Pair{}, err
	}
	if rot.Barred != nil && rot.Barred(profile, r.Pair.ID) {
		return credfile.Pair{}, refuse("profile %s: your settings say never to call AWS with it or with key %s (never_call in \"keycare settings\")", show.Name(profile), r.Pair.ID)
	}
	return r.Pair, nil
}

// refuseNames refuses places whose names cannot go into the journal.
func refuseNames(places []credfile.Place) error {
	for _, pl := range places {
		if show.SecretLike(pl.Profile) {
			return refuse("%s:%d: the name of a section with the same key may be a secret. Rename that section", pl.Path, pl.Line)
		}
	}
	return nil
}

// explain says at which place of the files the key stands that AWS refused.
func (t *keyTarget) explain(err error) error {
	err = client.Explain(err)
	if k := client.ReplyOf(err); len(t.places) == 0 || k != client.ReplyUnknownKey && k != client.ReplyBadSignature {
		return err
	}
	return fmt.Errorf("%w\n  %s", err, t.places[0])
}

// dependants are the profiles that take a role with the key of one of the
// places: nothing changes for them but the key.
func (t *keyTarget) dependants() []string {
	var found []string
	seen := map[string]bool{}
	for _, pl := range t.places {
		if !seen[pl.Profile] {
			found = append(found, t.files.roles[pl.Profile]...)
		}
		seen[pl.Profile] = true
	}
	order := func(p string) int { return slices.Index(t.set.Profiles(), p) }
	if len(seen) > 1 {
		sorting.By(found, func(a, b string) int { return order(a) - order(b) })
	}
	return found
}

// otherKind explains a profile that has no key of its own.
func (rot *Rotator) otherKind(set *credfile.Set, profile string) string {
	is := func(name string) string { return set.Setting(profile, name) }
	switch {
	case is("role_arn") != "" && is("source_profile") != "":
		source, why := set.RoleSource(profile)
		if why != "" {
			return "it takes a role, but " + why
		}
		return fmt.Sprintf("it takes a role with the key of profile %s. Rotate that one: %s", show.Name(source), again(source, rot.Compromised))
	case is("role_arn") != "":
		return "it takes a role with credentials from elsewhere (credential_source), so there is no key to rotate"
	case is("sso_session") != "" || is("sso_start_url") != "":
		return "it signs in through IAM Identity Center (SSO), so there is no key to rotate"
	case is("login_session") != "":
		return "it signs in through \"aws login\", so there is no key to rotate"
	case is("credential_process") != "":
		return "its key comes from a program (credential_process). Rotate it there"
	}
	return ""
}

func refuseByID(set *credfile.Set, profile string, r credfile.Reading) error {
	if !show.IsKeyID(r.Pair.ID) {
		path, line := set.KeyIDAt(r.From, profile)
		more := ""
		if len(show.KeyIDsIn(r.Pair.ID)) > 0 {
			more = ", and holds more than a key ID, perhaps a secret"
		}
		return refuse("%s:%d: profile %s: the access key ID there is not one of a long-term key (AKIA and 16 more characters): it has %s, not 20%s. Write only the key ID there",
			path, line, show.Name(profile), show.Count(utf8.RuneCountInString(r.Pair.ID), "character"), more)
	}
	f := credfile.FactsOf(r.Pair.ID)
	switch {
	case f.Canary:
		return refuse("profile %s: key %s belongs to a canary account (%s): any call with it raises an alarm, so keycare never uses it", show.Name(profile), f.ID, f.Account)
	case f.Example:
		return refuse("profile %s: key %s is the example from AWS's documentation and works nowhere. Delete it, or write a real key there", show.Name(profile), f.ID)
	case f.Kind == credfile.LongTerm && !r.Token.Empty():
		return refuse("profile %s: there is a session token beside the long-term key %s, which AWS refuses. Delete line %d of %s, then run this again", show.Name(profile), f.ID, r.TokenLine, set.Files()[r.From].Path)
	case f.Kind == credfile.Temporary || !r.Token.Empty():
		return refuse("profile %s: its key is a session key, which expires by itself and cannot be rotated", show.Name(profile))
	case f.Kind != credfile.LongTerm:
		return refuse("profile %s: its access key ID is not one of a long-term key (they begin with AKIA)", show.Name(profile))
	}
	return nil
}

// modeNotes names the files that lose rights of others with the replacement.
func (rot *Rotator) modeNotes(t *keyTarget) (notes []string) {
	paths := t.plan.Copies()
	for k, f := range t.set.Files() {
		if slices.ContainsFunc(t.places, func(p credfile.Place) bool { return int(p.Kind) == k }) {
			paths = append(paths, f.Path)
		}
	}
	for _, path := range paths {
		if fi, err := rot.Disk.Stat(path); err == nil && runtime.GOOS != "windows" && fi.Mode().Perm()&0o077 != 0 {
			notes = append(notes, fmt.Sprintf("%s: mode %04o becomes %04o", path, fi.Mode().Perm(), fi.Mode().Perm()&0o700))
		}
	}
	return notes
}

// warnPlain says that calls for a profile go out without encryption, so that a
// person may stop before the reply with the new secret does.
func (rot *Rotator) warnPlain(set *credfile.Set, profile string) {
	host := ""
	for _, name := range credfile.EndpointVariables {
		host = cmp.Or(host, credfile.PlainHost(os.Getenv(name)))
	}
	if e, ok := set.PlainEndpoint(profile); ok && host == "" {
		host = e.Host
	}
	if host != "" {
		rot.say("warning: profile %s: the connection to %s is not encrypted: anyone in between can read the secret of the new key", show.Name(profile), host)
	}
}
