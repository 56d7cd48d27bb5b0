package rotate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// Plan is Rotate without any effect: it looks at the files, asks AWS what may
// be asked without changing anything, and says what Rotate would do. It resumes
// nothing.
func (rot *Rotator) Plan(ctx context.Context, profiles ...string) ([]Result, error) {
	rot = New(rot.Options)
	rot.planning = true
	if !rot.Yes { // to plan past the questions
		rot.Confirm = func(string) (bool, error) { return true, nil }
	}
	files := rot.readFiles(profiles...)
	connect := client.Shared(ctx, files.set, rot.Connect)
	open, _ := rot.State.Journals()
	all := tasks(files, profiles)
	if err := rot.copiesFit(files, pending(all)); err != nil {
		return nil, err
	}
	asking, stop := client.FirstContact(ctx)
	defer stop()
	rot.about("asking AWS", len(pending(all)))
	rot.each(pending(all), func(b *keyTask) {
		defer rot.Progress.Add(1)
		b.leaked = rot.Compromised
		if j := rot.unfinished(open, b.id); j != nil {
			b.result = Result{Outcome: Skipped, Profile: b.profile, Old: j.Old, New: j.New, Places: []string{},
				Why: fmt.Sprintf("profile %s: the rotation of key %s is not finished. \"keycare rotate\" or \"keycare resume\" finishes that one, and begins no other", show.Name(b.profile), j.Old)}
			return
		}
		err := rot.prepare(asking, files, connect, b)
		if err == nil {
			err = rot.check(b.target)
		}
		if err != nil {
			b.failed(client.Because(asking, err))
			return
		}
		b.result = resultOf(b.journal, Planned)
		for _, name := range b.target.dependants() {
			b.result.UsedBy = append(b.result.UsedBy, show.Field(name))
		}
		b.result.Notes = slices.Concat(rot.modeNotes(b.target), rot.afterNotes(b.journal), rot.elsewhereNotes(b.id, b.journal.Paths.Copies), rot.runningNotes(b.id))
		if b.result.FreeSlot != "" {
			b.result.SecondIs = b.target.second
		}
		b.result.Calls, b.result.NoCalls, _ = rot.callsOf(asking, b.aws, signerOf(b.help, b.target), b.journal.User, b.id, time.Time{})
		b.result.Diff = b.target.plan.Diff("(the new key)")
	})
	return collect(all)
}

// unfinished returns the rotation of key id that Rotate would finish first.
func (rot *Rotator) unfinished(open []*state.Journal, id string) *state.Journal {
	for _, j := range open {
		if !j.Resting(rot.Now()) && !j.Closed() && (j.Old == id || j.New == id || rot.recovers(j, id)) {
			return j
		}
	}
	return nil
}
