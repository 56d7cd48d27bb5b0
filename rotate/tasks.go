package rotate

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/group"
	"keycare/rotate/state"
)

// usersAtOnce bounds how many users' keys are rotated at the same time.
const usersAtOnce = 8

// keyTask is one key of a run about several, from its first profile to its result.
type keyTask struct {
	profile string
	id      string // of the key
	aws     *client.AWS
	journal *state.Journal
	target  *keyTarget
	help    client.Signer
	worked  time.Time // when AWS was seen to accept the key
	leaked  bool      // a person says that it leaked
	// quarantined says that AWS has put its user in quarantine.
	quarantined bool
	again       string // the command that asks for the same; empty for "keycare rotate"
	result      Result
	err         error
}

// signerOf signs the calls to IAM about the key of a target: help, if there is any,
// else the key itself.
func signerOf(help client.Signer, t *keyTarget) client.Signer {
	if help != nil {
		return help
	}
	return client.SignerOf(t.pair)
}

// failed notes that nothing more is done about the key.
func (b *keyTask) failed(err error) {
	var notDue *tooYoung
	if errors.As(err, &notDue) {
		b.result = Result{Outcome: Skipped, Profile: b.profile, Old: b.id, Why: fmt.Sprintf("profile %s: %v", show.Name(b.profile), err), Places: []string{}}
		return
	}
	b.err = b.notBegun(err)
}

// notBegun adds to why a key was not rotated what the files hold.
func (b *keyTask) notBegun(err error) error {
	if b.id == "" || err == nil {
		return err
	}
	holds := fmt.Sprintf("profile %s keeps key %s", show.Name(b.profile), b.id)
	if !b.worked.IsZero() {
		holds += proof{b.worked, yes}.words(false)
	}
	var freed *noted // another key was deleted, or may be
	if !errors.As(err, &freed) {
		holds += "; nothing was changed"
	}
	own := fmt.Sprintf("profile %s: ", show.Name(b.profile))
	return &notBegun{holds, cmp.Or(b.again, again(b.profile, b.leaked)), trimmed{client.Explain(err), own}}
}

// trimmed is an error without the words that it begins with.
type trimmed struct {
	error
	prefix string
}

func (e trimmed) Error() string { return strings.TrimPrefix(e.error.Error(), e.prefix) }
func (e trimmed) Unwrap() error { return e.error }

// tasks groups the profiles by key. A profile whose key cannot be rotated, by the
// files alone, is a task with an error.
func tasks(files *keyFiles, profiles []string) []*keyTask {
	var all []*keyTask
	byKey := map[string]bool{}
	for _, p := range profiles {
		t, err := files.key(p)
		switch {
		case err != nil:
			all = append(all, &keyTask{profile: p, err: err})
		case !byKey[t.pair.ID]:
			byKey[t.pair.ID] = true
			all = append(all, &keyTask{profile: p, id: t.pair.ID})
		}
	}
	return all
}

// pending returns the tasks that have neither failed nor ended.
func pending(all []*keyTask) []*keyTask {
	var todo []*keyTask
	for _, b := range all {
		if b.err == nil && b.result.Outcome == "" {
			todo = append(todo, b)
		}
	}
	return todo
}

func profilesOf(all []*keyTask) []string {
	var profiles []string
	for _, b := range all {
		profiles = append(profiles, b.profile)
	}
	return profiles
}

// each does the tasks, several at a time; a single one on this goroutine.
func (rot *Rotator) each(all []*keyTask, do func(*keyTask)) {
	if len(all) == 1 {
		rot.guarded(all[0], do)
		return
	}
	slots := make(chan struct{}, usersAtOnce)
	var wg group.Group
	for _, b := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			rot.guarded(b, do)
		})
	}
	wg.Wait()
}

// guarded does a task. A panic, which is a bug, is its error and not the end of
// the others. What it says may hold a secret, so it is not told.
func (rot *Rotator) guarded(b *keyTask, do func(*keyTask)) {
	defer func() {
		if recover() == nil {
			return
		}
		b.err = fmt.Errorf("profile %s: this is a bug in keycare; nothing was changed for it", show.Name(b.profile))
		if b.journal == nil {
			return
		}
		if j, err := rot.State.Journal(b.journal.ID); err != nil || j != nil {
			b.result = resultOf(b.journal, Unfinished)
			half := halfDone(b.journal, "this is a bug in keycare", err)
			rot.told(half, nil)
			b.err = half
		}
	}()
	do(b)
}

func collect(all []*keyTask) ([]Result, error) {
	var results []Result
	var errs []error
	for _, b := range all {
		r := b.result
		if r.Outcome == "" || r.Outcome == Failed {
			r = Result{Outcome: Failed, Profile: show.Field(b.profile), Old: b.id, Places: []string{}}
		}
		if b.err != nil {
			r.Error = b.err.Error()
			errs = append(errs, b.err)
		}
		results = append(results, r)
	}
	return results, errors.Join(errs...)
}
