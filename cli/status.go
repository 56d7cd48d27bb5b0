package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate"
	"keycare/rotate/job"
	"keycare/rotate/state"
)

func statusCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "status",
		Category: "Look",
		Usage:    "show unfinished rotations, the keys now in use, the history and the timer",
		Description: "Reads the AWS files and keycare's own notes. Makes no network call and changes\n" +
			"nothing. For an unfinished rotation it says which key each profile holds now,\n" +
			"what comes next, and when.",
		Flags: []cli.Flag{resultFormat()},
		UsageText: usage.Examples(
			"keycare status", "what is unfinished, and what was done",
			"keycare status --format json", "for scripts"),
		Action: action(e, runStatus),
	}
}

func runStatus(e *env, c *cli.Context) error {
	e.sayGuest()
	e.SettingsOrDefaults() // status needs none; what is wrong in them is told
	folder, err := e.State()
	if err != nil {
		return err
	}
	paths, _ := e.Paths() // a rotation has its own
	rot := rotate.New(rotate.Options{State: folder, Disk: e.Disk, Paths: paths})
	open, damaged := rot.InFlight(c.Context, false)
	strays, err := folder.WithoutJournal()
	damaged = errors.Join(damaged, err)
	for i, id := range strays {
		strays[i] = folder.RecoveryPath(id)
	}
	past, err := folder.History()
	if err != nil {
		return err
	}
	timer, err := job.Load(folder)
	if err != nil {
		e.say("keycare: %v", err)
	}
	if asJSON(c) {
		if open == nil {
			open = []*state.Journal{}
		}
		if past == nil {
			past = []state.History{}
		}
		doc := map[string]any{"version": 1, "in_flight": open, "history": past}
		if len(strays) > 0 {
			doc["recovery_files"] = strays
		}
		if timer != nil {
			doc["timer"] = timer
		}
		return errors.Join(damaged, e.writeJSON(doc))
	}
	e.writeFlights(rot, open, damaged != nil || len(strays) > 0, timer != nil)
	for i, path := range strays {
		if i > 0 || len(open) > 0 {
			_ = e.print("\n")
		}
		_ = e.print("A recovery file has no journal beside it: %s\n", path)
		_ = e.print("  now:  it may have the only secret of a key that works\n  next: keycare resume removes it if nothing needs it, and says so if not\n")
	}
	e.writeKeys(paths, open, len(open) > 0 || len(strays) > 0 || damaged == nil)
	e.writePast(past)
	if timer != nil {
		_ = e.print("\nTimer:\n")
		for _, line := range e.timerLines(timer) {
			_ = e.print("  %s\n", line)
		}
		if late := timer.Late(e.Now()); late != "" {
			e.say("keycare: %s; see: keycare schedule status", late)
		}
	}
	return damaged
}

// writeFlights says of each rotation in flight which key the files hold, how far it
// is, and what comes next.
func (e *env) writeFlights(rot *rotate.Rotator, open []*state.Journal, damaged, timer bool) {
	if len(open) == 0 && !damaged {
		_ = e.print("no unfinished rotations\n")
	}
	for i, j := range open {
		if i > 0 {
			_ = e.print("\n")
		}
		_ = e.print("%s\n", show.Sentence(rot.Holds(j)))
		_ = e.print("  key %s of user %s, begun %s (%s)\n", j.Old, j.UserName, show.Time(j.Started), ago(j.Started, e.Now()))
		now, next := e.stage(j)
		if timer && !j.OnlyOwed() {
			next += ", or wait for the timer"
		}
		_ = e.print("  now:  %s\n  next: %s\n", now, next)
	}
}

// ago says how long a past time is ago.
func ago(t, now time.Time) string {
	if s := show.Until(t, now); s != "now" {
		return s
	}
	return "just now"
}

// stage says where a rotation stands, and what comes next.
func (e *env) stage(j *state.Journal) (now, next string) {
	resume := "keycare resume"
	if w := show.Arg(j.Profile, e.Vars.GOOS); w != "" {
		resume += " " + w
	}
	until := func(t time.Time) string { return show.Time(t) + " (" + show.Until(t, e.Now()) + ")" }
	switch {
	case j.OnlyOwed():
		return "done; what the leaked key did was not told yet", resume + " tells it"
	case j.Owed:
		return e.watched(j, until) + "; what the leaked key did was not told yet", resume + " tells it"
	}
	switch j.Direction {
	case state.Watch:
		return e.watched(j, until), resume + " looks again"
	case state.Keep:
		return "closed with both keys kept; keycare's notes are still there", resume + " removes them"
	case state.Grace:
		if j.Resting(e.Now()) {
			return fmt.Sprintf("switched; the old key stays active until %s", until(j.GraceEnds)),
				fmt.Sprintf("after that, %s retires the old key", resume)
		}
		return fmt.Sprintf("switched; the grace period ended %s", until(j.GraceEnds)), resume + " retires the old key"
	case state.Retire:
		return "switched; the old key is not retired yet", resume + " retires it"
	case state.Undo:
		return "unfinished: it is being rolled back", resume + " finishes that"
	}
	now = "unfinished: stopped before the new key was in the files"
	switch {
	case j.SwitchBegun && j.Root != nil:
		return "unfinished: the root key still exists", resume + ", in a terminal, asks for its ID and deletes it"
	case j.SwitchBegun:
		now = "unfinished: stopped during the switch"
	}
	return now, resume + " finishes it or rolls it back"
}

// watched says what a watch waits for.
func (e *env) watched(j *state.Journal, until func(time.Time) string) string {
	end := ""
	if !j.Lost.IsZero() {
		end = "; watched until " + until(j.Lost.Add(state.WatchFor))
	}
	switch {
	case j.Quieted != "":
		return "rolled back; key " + j.Quieted + ", which a lost request may have created, is being made inactive"
	case j.Watched != "":
		return "rolled back; a lost request may have created key " + j.Watched + end
	}
	return "rolled back; a lost request may still create a key" + end
}

// mostKeys and mostPast bound what is listed.
const mostKeys, mostPast = 10, 5

// writeKeys says which profiles hold which key, but for those of a rotation in
// flight. Files that cannot be read are for the audit to tell of.
func (e *env) writeKeys(paths credfile.Paths, open []*state.Journal, below bool) {
	if paths.Credentials == "" {
		return
	}
	set, err := credfile.Load(e.Disk, paths)
	if err != nil {
		return
	}
	var ids []string
	in := map[string][]string{}
	for _, read := range set.Reads() {
		flying := slices.ContainsFunc(open, func(j *state.Journal) bool { return read.ID == j.Old || read.ID == j.New })
		if !show.IsKeyID(read.ID) || flying || slices.Contains(in[read.ID], read.Profile) {
			continue
		}
		if in[read.ID] == nil {
			ids = append(ids, read.ID)
		}
		in[read.ID] = append(in[read.ID], read.Profile)
	}
	if len(ids) > 0 {
		if below {
			_ = e.print("\n")
		}
		_ = e.print("Keys:\n")
	}
	for _, id := range ids[:min(len(ids), mostKeys)] {
		_ = e.print("  %s  %s\n", id, show.Names(in[id]))
	}
	if more := len(ids) - mostKeys; more > 0 {
		_ = e.print("  and %s: keycare audit\n", show.Count(more, "more key"))
	}
}

// writePast lists the rotations that ended last.
func (e *env) writePast(past []state.History) {
	if len(past) > 0 {
		_ = e.print("\nHistory:\n")
	}
	for _, h := range past[max(0, len(past)-mostPast):] {
		_ = e.print("  %s\n", finished(h)+e.deletable(past, h))
	}
	if more := len(past) - mostPast; more > 0 {
		_ = e.print("  %d earlier: keycare status --format json\n", more)
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// finished is a line of the history: what was done, and what became of the keys.
func finished(h state.History) string {
	line := show.Time(h.Time) + "  profile " + h.Profile + ": "
	switch {
	case h.Orphan != "" && h.OrphanNow == "deleted":
		return line + fmt.Sprintf("deleted key %s, which a lost request had created", h.Orphan)
	case h.Orphan != "" && h.OrphanNow == "unknown":
		return line + fmt.Sprintf("a lost request may have created key %s; AWS could no longer be asked", h.Orphan)
	case h.Orphan != "":
		return line + fmt.Sprintf("a lost request may have created key %s, now %s", h.Orphan, h.OrphanNow)
	case h.Outcome == string(rotate.KeyLeft):
		return line + fmt.Sprintf("a lost request may have created a key of %s; AWS could no longer be asked", h.User)
	case h.Outcome == string(rotate.Undone):
		line += "rolled back, keeps key " + h.Old
	case h.Outcome == string(rotate.KeptBoth):
		line += "kept both keys, " + h.Old + " and " + orDash(h.New)
	case h.Outcome == string(rotate.Failed):
		line += "failed, keeps key " + h.Old
	default:
		line += fmt.Sprintf("%s %s -> %s", h.Outcome, h.Old, orDash(h.New))
	}
	switch {
	case h.Retired == "", h.Outcome == string(rotate.KeptBoth):
	case h.Leaked:
		line += ", leaked key " + h.Retired
	case h.RootKey:
		line += ", root key replaced and " + h.Retired
	default:
		line += ", old key " + h.Retired
	}
	switch {
	case h.Second == "":
	case h.Outcome == string(rotate.Rotated) || h.Outcome == string(rotate.KeptBoth):
		line += ", second key " + h.Second + " deleted"
	default:
		line += ", second key " + h.Second + " perhaps deleted"
	}
	return line
}

// deletable names the command for a key that a watch left, where it would not be
// refused.
func (e *env) deletable(past []state.History, h state.History) string {
	if h.Orphan == "" {
		return ""
	}
	paths, err := e.Paths()
	if err != nil {
		return ""
	}
	set, err := credfile.Load(e.Disk, paths)
	if err != nil {
		return ""
	}
	if _, err := rotate.Left(past, set, h.Orphan); err != nil {
		return ""
	}
	return "; if nobody uses it: keycare resume --delete-key " + h.Orphan
}

// timerLines tells of the timer's last run. What the audit found is said once.
func (e *env) timerLines(st *job.Stamp) []string {
	at := func(t time.Time) string { return show.Time(t) + ", " + ago(t, e.Now()) }
	out := []string{"last run: " + at(st.Started)}
	if st.Killed() {
		out[0] += "; it did not finish"
	}
	if !st.Acted.IsZero() {
		out = append(out, fmt.Sprintf("last result: %s, %s", show.Time(st.Acted), st.Outcome))
	}
	for _, did := range st.Did {
		if did != "audit: "+st.Summary || st.Audited.IsZero() {
			out = append(out, "  "+e.homely(did))
		}
	}
	if !st.Audited.IsZero() {
		out = append(out, fmt.Sprintf("last audit: %s, %s", show.Time(st.Audited), e.homely(st.Summary)))
	}
	return append(out, e.unshown(st)...)
}
