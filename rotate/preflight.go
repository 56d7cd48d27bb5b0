package rotate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// Refused says why a key is not rotated, before anything was done.
type Refused struct{ Why string }

func (e *Refused) Error() string { return e.Why }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// target is a key that may be rotated as far as the files tell.
type target struct {
	set     *credfile.Set
	profile string
	pair    credfile.Pair
	places  []credfile.Place
	plan    *credfile.Plan
	asked   time.Time // when AWS was asked, by this machine's clock
	second  string    // status, age and last use of the user's second key
}

// placeholder stands for the new key where a plan is made before it exists.
var placeholder = credfile.Pair{ID: "AKIANEWKEYNEWKEYNEWK", Secret: credfile.NewSecret(strings.Repeat("N", 40))}

// examine looks at the files alone: is there a key under profile that all tools
// read alike, of a kind that can be rotated, and can every place be edited.
func (o *Options) examine(profile string) (*target, error) {
	set, err := credfile.Load(o.Disk, o.Paths)
	if err != nil {
		return nil, err
	}
	return o.examineIn(set, profile)
}

// CanRotate says why the key of profile cannot be rotated, as far as the files
// tell; nil if it can.
func (o *Options) CanRotate(profile string) error {
	_, err := o.examine(profile)
	return err
}

func (o *Options) examineIn(set *credfile.Set, profile string) (*target, error) {
	r, err := set.Agreed(profile)
	if err != nil {
		var none *credfile.NoKeyError
		if errors.As(err, &none) {
			if why := otherKind(set, profile); why != "" {
				return nil, refuse("profile %q: %s", profile, why)
			}
		}
		return nil, err
	}
	if err := refuseByID(profile, r); err != nil {
		return nil, err
	}
	if o.Never != nil && o.Never(profile, r.Pair.ID) {
		return nil, refuse("profile %q: the settings say never to call AWS with it or with key %s (see \"keycare settings\")", profile, r.Pair.ID)
	}
	plan, err := set.Plan(credfile.Swap{From: []credfile.Pair{r.Pair}, To: placeholder})
	if err != nil {
		return nil, err
	}
	return &target{set: set, profile: profile, pair: r.Pair, places: plan.Places, plan: plan}, nil
}

// explain says at which place of the files the key stands that AWS refused.
func (t *target) explain(err error) error {
	at := ""
	if len(t.places) > 0 {
		at = t.places[0].String() + ": "
	}
	return fmt.Errorf("%s%w", at, client.Explain(err))
}

// dependants are the profiles that take a role with the key of one of the
// places: nothing changes for them but the key.
func (t *target) dependants() []string {
	var found []string
	for _, p := range t.set.Profiles() {
		source := t.set.Setting(p, "source_profile")
		if source != "" && slices.ContainsFunc(t.places, func(pl credfile.Place) bool { return pl.Profile == source }) {
			found = append(found, p)
		}
	}
	return found
}

// otherKind explains a profile that has no key of its own.
func otherKind(set *credfile.Set, profile string) string {
	is := func(name string) string { return set.Setting(profile, name) }
	switch {
	case is("role_arn") != "" && is("source_profile") != "":
		return fmt.Sprintf("it takes a role with the key of profile %q; rotate that one: keycare rotate %s", is("source_profile"), word(is("source_profile")))
	case is("role_arn") != "":
		return "it takes a role and has no key of its own"
	case is("sso_session") != "" || is("sso_start_url") != "":
		return "it signs in through IAM Identity Center (SSO) and has no key to rotate"
	case is("login_session") != "":
		return "it signs in through \"aws login\" and has no key to rotate"
	case is("credential_process") != "":
		return "its key comes from a program (credential_process); rotate it there"
	}
	return ""
}

func refuseByID(profile string, r credfile.Reading) error {
	f := credfile.FactsOf(r.Pair.ID)
	switch {
	case f.Canary:
		return refuse("profile %q: key %s belongs to a canary account (%s): any call with it raises an alarm, so keycare leaves it alone", profile, f.ID, f.Account)
	case f.Example:
		return refuse("profile %q: key %s is the example from AWS's documentation and opens nothing; delete it or put a real key there", profile, f.ID)
	case f.Kind == credfile.Temporary || !r.Token.Empty():
		return refuse("profile %q: its key is a session key, which expires by itself and cannot be rotated", profile)
	case f.Kind != credfile.LongTerm:
		return refuse("profile %q: what stands there as access key ID is no long-term access key (they begin with AKIA)", profile)
	}
	return nil
}

// owner is what AWS says about a target.
type owner struct {
	user    facts.Identity
	name    string
	keys    []client.Key
	at      time.Time   // AWS's clock
	created time.Time   // of the key that is rotated
	other   *client.Key // the user's second key
	auth    state.Auth
	help    client.Signer
}

// ask learns whose key it is and which keys the user has, and refuses what must
// not be rotated. Only reads are asked, and where the key signs itself both at
// once: its user's name is not known yet, so the list is that of the signer.
func (o *Options) ask(ctx context.Context, a *client.AWS, t *target) (*owner, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	ow := &owner{auth: o.Auth}
	var err error
	if ow.help, err = o.helper(ctx, a, o.Auth, t.set, t.pair); err != nil {
		return nil, err
	}
	var errIAM error
	var wg sync.WaitGroup
	if ow.help == nil {
		wg.Go(func() { ow.keys, _, errIAM = a.List(ctx, client.SignerOf(t.pair), "") })
	}
	ow.user, ow.at, err = a.Identity(ctx, t.pair)
	wg.Wait()
	if err != nil {
		return nil, t.explain(err)
	}
	ow.name = ow.user.UserName()
	if err := o.refuseOwner(t, ow.user); err != nil {
		return nil, err
	}
	if ow.help == nil && client.ReplyOf(errIAM) == client.ReplyDenied {
		errIAM = o.withMFA(ctx, a, t, ow, errIAM)
	}
	if ow.help != nil {
		ow.keys, _, errIAM = a.List(ctx, ow.help, ow.name)
	}
	if errIAM != nil {
		return nil, client.Explain(errIAM)
	}
	i := slices.IndexFunc(ow.keys, func(k client.Key) bool { return k.ID == t.pair.ID })
	if i < 0 {
		return nil, refuse("profile %q: IAM does not list key %s among the keys of user %s: nothing was changed", t.profile, t.pair.ID, ow.name)
	}
	if !ow.keys[i].Active {
		return nil, refuse("profile %q: key %s is inactive", t.profile, t.pair.ID)
	}
	ow.created = ow.keys[i].Created
	for _, k := range ow.keys {
		if k.ID != t.pair.ID {
			ow.other = &k
		}
	}
	return ow, nil
}

func (o *Options) refuseOwner(t *target, id facts.Identity) error {
	switch id.Owner() {
	case facts.OwnerRoot:
		return refuse("profile %q: key %s is the root user's of account %s. keycare never makes a root key; put an IAM user's key in its place: keycare replace-root --profile %s", t.profile, t.pair.ID, id.Account, word(t.profile))
	case facts.OwnerRole:
		return refuse("profile %q: key %s belongs to a role session (%s), not to an IAM user", t.profile, t.pair.ID, id.ARN)
	}
	if want := o.wantedAccount(t); want != "" && want != id.Account {
		return refuse("profile %q: the files say account %s, but key %s belongs to account %s", t.profile, want, t.pair.ID, id.Account)
	}
	return nil
}

// withMFA tries again with a session where IAM denied the key itself and the
// profile names an MFA device: many policies want that.
func (o *Options) withMFA(ctx context.Context, a *client.AWS, t *target, ow *owner, denied error) error {
	serial := t.set.Setting(t.profile, "mfa_serial")
	if serial == "" {
		return denied
	}
	help, err := o.session(ctx, a, serial, t.pair)
	if err != nil {
		return errors.Join(client.Explain(denied), err)
	}
	ow.auth.MFASerial, ow.help = serial, help
	return nil
}

// wantedAccount is the account that the files name for the profile, if any.
func (o *Options) wantedAccount(t *target) string {
	return t.set.Setting(t.profile, "aws_account_id")
}

// FreeSlot says what may be deleted to make room for the new key.
type FreeSlot string

const (
	FreeNever    FreeSlot = "never"
	FreeInactive FreeSlot = "inactive" // an inactive key, the default
	FreeUnused   FreeSlot = "unused"   // also an active one, if a person agrees to that very key
)

// slot decides about the user's second key. It returns the key that is to be
// deleted, and whether it is active, or nothing where there is room.
func (o *Options) slot(ctx context.Context, a *client.AWS, t *target, ow *owner) (free string, active bool, err error) {
	k := ow.other
	if k == nil || o.deletedOrphan(k.ID) {
		return "", false, nil
	}
	if j := o.openRotation(k.ID); j != nil {
		if j.Direction == state.Grace {
			return "", false, refuse("key %s, which this one replaced, is in its grace until %s; \"keycare resume\" retires it then", k.ID, show.Time(j.GraceEnds))
		}
		return "", false, refuse("the second key of user %s, %s, belongs to a rotation that is not finished: run \"keycare resume\"", ow.name, k.ID)
	}
	by := ow.help
	if by == nil {
		by = client.SignerOf(t.pair)
	}
	use, useErr := a.LastUsed(ctx, by, k.ID)
	what := describeKey(*k, ow.at, use, useErr)
	t.second = what
	if m := t.set.Mentions(k.ID); len(m) > 0 {
		return "", false, refuse("user %s has a second key %s (%s), and profile %q holds it (%s:%d), so there is no room for a new one. Let that profile use this key too (aws configure --profile %s), or delete it there, then delete key %s",
			ow.name, k.ID, what, m[0].Profile, m[0].Path, m[0].Line, word(m[0].Profile), k.ID)
	}
	question := fmt.Sprintf("User %s has a second key %s (%s). Delete it to make room?", ow.name, k.ID, what)
	switch {
	case o.FreeSlot == FreeNever:
	case !k.Active && o.Yes && useErr == nil && (use.At.IsZero() || ow.at.Sub(use.At) > quietFor):
		return k.ID, k.Active, nil
	case !k.Active && !o.Yes, o.FreeSlot == FreeUnused && !o.Yes && useErr == nil && o.Confirm != nil:
		ok, err := o.confirm(question)
		if err != nil {
			return "", false, err
		}
		if ok {
			return k.ID, k.Active, nil
		}
		return "", false, refuse("nothing was changed: the second slot is taken by key %s", k.ID)
	}
	full := fmt.Sprintf("user %s has a second key, %s (%s), so there is no room for a new one.", ow.name, k.ID, what)
	command := func(what, more string) string {
		return fmt.Sprintf("aws iam %s --user-name %s --access-key-id %s%s --profile %s", what, word(ow.name), k.ID, more, word(t.profile))
	}
	switch {
	case k.Active && useErr == nil && !use.At.IsZero() && ow.at.Sub(use.At) < recentUse:
		return "", false, refuse("%s Somebody uses it: find out who. When nobody needs it any more, switch it off (%s) and rotate again",
			full, command("update-access-key", " --status Inactive"))
	case k.Active:
		return "", false, refuse("%s If nothing uses it, switch it off, which can be taken back, and rotate again: %s",
			full, command("update-access-key", " --status Inactive"))
	case o.Yes:
		return "", false, refuse("%s --yes deletes only a key that has not been used for a day. If nothing uses it: %s", full, command("delete-access-key", ""))
	}
	return "", false, refuse("%s If nothing uses it: %s", full, command("delete-access-key", ""))
}

// recentUse is how long after its last use a key counts as being in use.
const recentUse = 45 * day

// quietFor is how long an inactive key must not have been used before it is
// deleted unasked: somebody may just have switched it off to see what breaks.
const quietFor = 24 * time.Hour

func describeKey(k client.Key, now time.Time, use facts.Use, useErr error) string {
	status := "inactive"
	if k.Active {
		status = "active"
	}
	used := "its last use is not known: needs iam:GetAccessKeyLastUsed"
	switch {
	case useErr == nil && use.At.IsZero():
		used = "never used"
	case useErr == nil:
		used = fmt.Sprintf("last used %s for %s in %s", use.At.UTC().Format(show.TimeFormat), use.Service, use.Region)
	}
	return fmt.Sprintf("%s, %d days old, %s", status, int(now.Sub(k.Created).Hours()/24), used)
}

// deletedOrphan reports whether key id is one that a watch has just deleted: a
// list may show it for a while yet.
func (o *Options) deletedOrphan(id string) bool {
	js, _ := o.State.Journals()
	return slices.ContainsFunc(js, func(j *state.Journal) bool { return slices.Contains(j.Orphans, id) })
}

// openRotation returns the unfinished rotation that key id belongs to.
func (o *Options) openRotation(id string) *state.Journal {
	js, err := o.State.Journals()
	if err != nil {
		return &state.Journal{} // nothing may be deleted while it cannot be read
	}
	for _, j := range js {
		if j.Direction != state.Watch && (j.Old == id || j.New == id) {
			return j
		}
	}
	return nil
}

func (o *Options) confirm(question string) (bool, error) {
	if o.Confirm == nil {
		return false, refuse("%s\nnobody can be asked here: run it in a terminal, or with --yes if the answer may be yes", question)
	}
	o.asking.Lock()
	defer o.asking.Unlock()
	return o.Confirm(question)
}

// probeTag marks the files that a probe writes; they belong to no rotation.
const probeTag = "probe"

// probe proves that every file with a place can be replaced. The state folder is
// proved by the intent.
func (o *Options) probe(t *target) error {
	w := &credfile.Writer{Disk: o.Disk, Tag: probeTag, Wait: o.Wait}
	o.files.Lock()
	defer o.files.Unlock()
	for k, f := range t.set.Files() {
		if t.plan.Changed(credfile.FileKind(k)) {
			if err := w.Probe(f.Path, len(f.Text)+256); err != nil {
				return err
			}
		}
	}
	return nil
}

// probeLeft reports whether an interrupted probe left a file.
func (o *Options) probeLeft() bool {
	for _, tag := range leftTags {
		w := &credfile.Writer{Disk: o.Disk, Tag: tag}
		if o.Paths.Credentials != "" && w.Left(o.Paths.Credentials) || o.Paths.Config != "" && w.Left(o.Paths.Config) {
			return true
		}
	}
	return false
}

// leftTags are those of files that belong to no rotation: of probes, and of a
// fix that was killed, which would be a second name of the file.
var leftTags = []string{probeTag, credfile.FixTag}

// sweepProbes removes what a probe or a fix left that was interrupted. Call it under the
// files' locks.
func (o *Options) sweepProbes() error {
	var errs []error
	for _, tag := range leftTags {
		w := &credfile.Writer{Disk: o.Disk, Tag: tag, Wait: o.Wait}
		errs = append(errs, w.Sweep(o.Paths.Credentials), w.Sweep(o.Paths.Config))
	}
	return errors.Join(errs...)
}

// lockNames are the locks of the files that may be changed.
func (o *Options) lockNames(paths credfile.Paths) []string {
	var names []string
	for _, path := range []string{paths.Credentials, paths.Config} {
		resolved, err := o.Disk.EvalSymlinks(path)
		if err != nil || path == "" {
			continue // a missing file is not changed; a broken one fails when it is read
		}
		if abs, err := filepath.Abs(resolved); err == nil {
			resolved = abs
		}
		names = append(names, credfile.LockName(resolved))
	}
	return names
}
