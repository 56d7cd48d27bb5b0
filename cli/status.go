package cli

import (
	"errors"
	"fmt"

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
		Usage:    "show the rotations in flight, the last finished ones and the timer's runs",
		Description: "Reads the journals and the history in the state folder, makes no call to AWS and\n" +
			"changes nothing. \"keycare resume\" goes on with what is unfinished.",
		Flags: []cli.Flag{resultFormat()},
		UsageText: usage.Examples(
			"keycare status", "what is in flight, and what was done",
			"keycare status --format json", "for another program"),
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
	paths, _ := e.Paths() // those of the journals are what counts
	open, damaged := rotate.New(rotate.Options{State: folder, Disk: e.Disk, Paths: paths}).InFlight(c.Context, false)
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
		if timer != nil {
			doc["timer"] = timer
		}
		return errors.Join(damaged, e.writeJSON(doc))
	}
	for _, j := range open {
		fmt.Fprintf(e.Out, "%s  profile %s  user %s  key %s -> %s  %s\n", show.Time(j.Started), j.Profile, j.UserName, j.Old, orDash(j.New), stage(j))
	}
	if len(open) == 0 && damaged == nil {
		fmt.Fprintln(e.Out, "no rotation in flight")
	}
	const show = 10
	for _, h := range past[max(0, len(past)-show):] {
		fmt.Fprintln(e.Out, finished(h)+e.deletable(past, h))
	}
	if timer != nil {
		fmt.Fprintln(e.Out, "\ntimer:")
		for _, line := range e.timerLines(timer) {
			fmt.Fprintln(e.Out, "  "+line)
		}
		if late := timer.Late(e.Now()); late != "" {
			e.say("keycare: %s; see: keycare schedule status", late)
		}
	}
	return damaged
}

// stage says where a rotation stands and what comes next.
func stage(j *state.Journal) string {
	switch j.Direction {
	case state.Watch:
		return watched(j)
	case state.Keep:
		return "closed, but for its notes; run \"keycare resume\""
	case state.Grace:
		return "switched; the old key stays active until " + show.Time(j.GraceEnds) + ", then \"keycare resume\" retires it"
	case state.Retire:
		return "switched, the old key is not retired yet; run \"keycare resume\""
	case state.Undo:
		return "is being undone; run \"keycare resume\""
	}
	return "unfinished; run \"keycare resume\""
}

// watched says what a watch waits for.
func watched(j *state.Journal) string {
	until := ""
	if !j.Lost.IsZero() {
		until = " until " + show.Time(j.Lost.Add(state.WatchFor))
	}
	switch {
	case j.Quieted != "":
		return "closed, but for key " + j.Quieted + ", which is being made inactive: a request whose reply was lost may have made it; run \"keycare resume\""
	case j.Watched != "":
		return "closed, but key " + j.Watched + " may be that of a request whose reply was lost; \"keycare resume\" looks whose it is" + until
	}
	return "closed, but a request whose reply was lost may still make a key; \"keycare resume\" looks after it" + until
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// finished is a line of the history: what was done, and what became of the keys.
func finished(h state.History) string {
	switch {
	case h.Orphan != "" && h.OrphanNow == "deleted":
		return fmt.Sprintf("%s  %s  profile %s  key %s of a request whose reply was lost", show.Time(h.Time), h.Outcome, h.Profile, h.Orphan)
	case h.Orphan != "" && h.OrphanNow == "unknown":
		return fmt.Sprintf("%s  %s  profile %s  key %s may be that of a request whose reply was lost; AWS could not be asked any more",
			show.Time(h.Time), h.Outcome, h.Profile, h.Orphan)
	case h.Orphan != "":
		return fmt.Sprintf("%s  %s  profile %s  key %s, now %s, may be that of a request whose reply was lost",
			show.Time(h.Time), h.Outcome, h.Profile, h.Orphan, h.OrphanNow)
	case h.Outcome == string(rotate.KeyLeft):
		return fmt.Sprintf("%s  %s  profile %s  a request whose reply was lost may have made a key of %s; AWS could not be asked any more",
			show.Time(h.Time), h.Outcome, h.Profile, h.User)
	}
	line := fmt.Sprintf("%s  %s  profile %s  key %s -> %s", show.Time(h.Time), h.Outcome, h.Profile, h.Old, orDash(h.New))
	switch {
	case h.Retired == "":
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
	out := []string{"last run: " + show.Time(st.Started)}
	if st.Killed() {
		out[0] += ", and it did not come to its end"
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
