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
	plan, err := set.Plan(credfile.Swap{From: []credfile.Pair{r.Pair}, To: placeholder})
	if err != nil {
		return nil, err
	}
	return &target{set, profile, r.Pair, plan.Places, plan}, nil
}

// otherKind explains a profile that has no key of its own.
func otherKind(set *credfile.Set, profile string) string {
	is := func(name string) string { return set.Setting(profile, name) }
	switch {
	case is("role_arn") != "" && is("source_profile") != "":
		return fmt.Sprintf("it takes a role with the key of profile %q; rotate that one: keycare rotate %s", is("source_profile"), shellWord(is("source_profile")))
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
	user  credfile.Identity
	name  string
	keys  []Key
	at    time.Time // AWS's clock
	other *Key      // the user's second key
}

// ask learns whose key it is and which keys the user has, both at once, and
// refuses what must not be rotated.
func (o *Options) ask(ctx context.Context, a *AWS, t *target) (*owner, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var wg sync.WaitGroup
	var id credfile.Identity
	var keys []Key
	var at time.Time
	var errSTS, errIAM error
	wg.Go(func() { id, at, errSTS = a.Identity(ctx, t.pair) })
	wg.Go(func() { keys, _, errIAM = a.List(ctx, t.pair, "") }) // the signer's own: its name is not known yet
	wg.Wait()
	if errSTS != nil {
		return nil, explainIdentity(t, errSTS)
	}
	switch id.Owner() {
	case credfile.OwnerRoot:
		return nil, refuse("profile %q: key %s is the root user's of account %s. keycare never makes a root key: make an IAM user, put its key here and delete the root key (https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html)", t.profile, t.pair.ID, id.Account)
	case credfile.OwnerRole:
		return nil, refuse("profile %q: key %s belongs to a role session (%s), not to an IAM user", t.profile, t.pair.ID, id.ARN)
	}
	if errIAM != nil {
		return nil, explain(errIAM)
	}
	if want := o.wantedAccount(t); want != "" && want != id.Account {
		return nil, refuse("profile %q: the files say account %s, but key %s belongs to account %s", t.profile, want, t.pair.ID, id.Account)
	}
	ow := &owner{user: id, name: userName(id.ARN), keys: keys, at: at}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == t.pair.ID })
	if i < 0 {
		return nil, refuse("profile %q: IAM does not list key %s among the keys of user %s: nothing was changed", t.profile, t.pair.ID, ow.name)
	}
	if !keys[i].Active {
		return nil, refuse("profile %q: key %s is inactive", t.profile, t.pair.ID)
	}
	for _, k := range keys {
		if k.ID != t.pair.ID {
			ow.other = &k
		}
	}
	return ow, nil
}

// wantedAccount is the account that the files name for the profile, if any.
func (o *Options) wantedAccount(t *target) string {
	return t.set.Setting(t.profile, "aws_account_id")
}

// userName is the last part of a user's ARN: names have no slash, paths do.
func userName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// slot decides about the user's second key. It returns the inactive key that is
// to be deleted, or nothing where there is room.
func (o *Options) slot(ctx context.Context, a *AWS, t *target, ow *owner) (free string, err error) {
	k := ow.other
	if k == nil {
		return "", nil
	}
	use, useErr := a.LastUsed(ctx, t.pair, k.ID)
	age := fmt.Sprintf("%d days old", int(ow.at.Sub(k.Created).Hours()/24))
	used := "its last use is not known (" + "needs iam:GetAccessKeyLastUsed)"
	switch {
	case useErr == nil && use.At.IsZero():
		used = "never used"
	case useErr == nil:
		used = fmt.Sprintf("last used %s for %s in %s", use.At.UTC().Format("2006-01-02 15:04 MST"), use.Service, use.Region)
	}
	held := ""
	if m := t.set.Mentions(k.ID); len(m) > 0 {
		held = fmt.Sprintf("; %s:%d holds it", m[0].Path, m[0].Line)
	}
	if k.Active {
		return "", refuse("user %s has a second active key, %s (%s, %s%s), so there is no room for a new one. If nothing uses it, delete it first: aws iam delete-access-key --user-name %s --access-key-id %s --profile %s",
			ow.name, k.ID, age, used, held, shellWord(ow.name), k.ID, shellWord(t.profile))
	}
	if held != "" {
		return "", refuse("user %s has a second, inactive key %s (%s%s): remove it from that file first", ow.name, k.ID, used, held)
	}
	if o.openRotation(k.ID) {
		return "", refuse("the second key of user %s, %s, belongs to a rotation that is not finished: run \"keycare resume\"", ow.name, k.ID)
	}
	quiet := useErr == nil && (use.At.IsZero() || ow.at.Sub(use.At) > 24*time.Hour)
	if o.Yes && quiet {
		return k.ID, nil
	}
	ok, err := o.confirm(fmt.Sprintf("User %s has a second, inactive key %s (%s, %s). Delete it to make room?", ow.name, k.ID, age, used))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", refuse("nothing was changed: the second slot is taken by the inactive key %s", k.ID)
	}
	return k.ID, nil
}

func (o *Options) openRotation(id string) bool {
	js, err := o.State.Journals()
	return err != nil || slices.ContainsFunc(js, func(j *Journal) bool { return j.Old == id || j.New == id })
}

func (o *Options) confirm(question string) (bool, error) {
	if o.Confirm == nil {
		return false, refuse("%s\nnobody can be asked here: run it in a terminal, or with --yes if the answer may be yes", question)
	}
	return o.Confirm(question)
}

// probe proves that every file with a place, and the state folder, can be
// written.
func (o *Options) probe(t *target, tag string) error {
	w := &credfile.Writer{Disk: o.Disk, Tag: tag, Wait: o.Wait}
	for k, f := range t.set.Files() {
		if t.plan.Changed(credfile.FileKind(k)) {
			if err := w.Probe(f.Path, len(f.Text)+256); err != nil {
				return err
			}
		}
	}
	return nil
}

// lockNames are the locks of every file that may be changed.
func (o *Options) lockNames() ([]string, error) {
	var names []string
	for _, path := range []string{o.Paths.Credentials, o.Paths.Config} {
		resolved, err := o.Disk.EvalSymlinks(path)
		if err != nil {
			continue // a missing file is not changed; a broken one fails when it is read
		}
		names = append(names, credfile.LockName(resolved))
	}
	for i, n := range names {
		if abs, err := filepath.Abs(n); err == nil {
			names[i] = abs
		}
	}
	return names, nil
}
