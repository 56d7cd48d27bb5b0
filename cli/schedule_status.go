package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile/show"
	"keycare/rotate/job"
	"keycare/rotate/schedule"
)

func scheduleStatusCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "show the timer, its next run and its last result",
		Flags: []cli.Flag{resultFormat()},
		UsageText: usage.Examples(
			"keycare schedule status", "when it runs, how it went",
			"keycare schedule status --format json", "for scripts"),
		Action: action(e, runScheduleStatus),
	}
}

// timerStatus is a timer in the JSON of schedule status.
type timerStatus struct {
	Kind    string     `json:"kind"`
	Where   []string   `json:"where"`
	Active  bool       `json:"active"`
	Command []string   `json:"command"`
	Env     []string   `json:"environment"` // names
	Next    *time.Time `json:"next_run,omitempty"`
}

// runScheduleStatus shows all timers and the last run. Warnings are a part of
// what was asked for.
func runScheduleStatus(e *env, c *cli.Context) error {
	h, err := timerHost(e)
	if err != nil {
		return err
	}
	found, findErr := h.Find(c.Context)
	if c.Context.Err() != nil {
		return context.Cause(c.Context)
	}
	for _, t := range found { // a person may have changed it
		for i := 1; i < len(t.Job.Argv); i++ {
			t.Job.Argv[i] = show.Field(t.Job.Argv[i])
		}
	}
	warnings := timerWarnings(e, found, findErr)
	state, err := e.State()
	if err != nil {
		return err
	}
	last, err := job.Load(state)
	if err != nil {
		warnings = append(warnings, err.Error())
	}
	if late := timerLate(found, last, e.Now()); late != "" && err == nil {
		warnings = append(warnings, late)
	}
	if asJSON(c) {
		return writeTimers(e, found, last, warnings)
	}
	for _, t := range found {
		state := "active"
		if !t.Active {
			state = "not active"
		}
		fmt.Fprintf(e.Out, "%s: %s\n", t.Kind.Title(), state)
		for _, w := range t.Where {
			fmt.Fprintf(e.Out, "  %s\n", w)
		}
		if len(t.Job.Argv) > 0 {
			fmt.Fprintf(e.Out, "starts: %s\n", schedule.Line(e.Vars.GOOS, t.Job.Argv))
		}
		if len(t.Job.Env) > 0 {
			fmt.Fprintf(e.Out, "with: %s\n", strings.Join(varNames(t.Job.Env), ", "))
		}
		if at := nextRun(t); at != "" {
			fmt.Fprintf(e.Out, "next run: %s\n", at)
		}
	}
	if len(found) == 0 && findErr == nil {
		fmt.Fprintln(e.Out, "no timer is installed; \"keycare schedule install\" makes one")
	}
	switch {
	case last != nil:
		for _, line := range e.timerLines(last) {
			fmt.Fprintln(e.Out, line)
		}
	case err == nil && len(found) > 0:
		fmt.Fprintln(e.Out, "the timer has not run yet")
	}
	for _, w := range warnings {
		fmt.Fprintf(e.Out, "warning: %s\n", w)
	}
	return nil
}

// unshown are the notices that the desktop has not shown.
func (e *env) unshown(st *job.Stamp) (lines []string) {
	const most = 5
	if len(st.Unshown) > 0 {
		lines = append(lines, "not shown on the desktop yet:")
	}
	for _, u := range st.Unshown[:min(most, len(st.Unshown))] {
		lines = append(lines, fmt.Sprintf("  %s: %s", u.Kind, e.homely(u.Text)))
	}
	if n := len(st.Unshown) - most; n > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", n))
	}
	return lines
}

// timerLate says that a timer has not run for long. One that was just made, or
// changed, has not had the time.
func timerLate(found []schedule.Timer, last *job.Stamp, now time.Time) string {
	if len(found) == 0 {
		return ""
	}
	const long = 3 * 24 * time.Hour
	file, err := os.Stat(found[0].Where[0]) // not all kinds have a file
	switch {
	case err == nil && now.Sub(file.ModTime()) < long:
		return ""
	case err == nil && last == nil:
		return fmt.Sprintf("the timer was made %d days ago and has not run yet", now.Sub(file.ModTime())/(24*time.Hour))
	}
	return last.Late(now)
}

func timerWarnings(e *env, found []schedule.Timer, findErr error) (warnings []string) {
	if findErr != nil {
		warnings = append(warnings, findErr.Error())
	}
	if len(found) > 1 {
		warnings = append(warnings, "there is more than one timer: \"keycare schedule install\" leaves one")
	}
	for _, t := range found {
		warnings = append(warnings, t.Trouble...)
		if len(t.Job.Argv) == 0 || strings.ContainsAny(t.Job.Argv[0], "?\ufffd") && e.Vars.GOOS == "windows" {
			continue // it is not known, or not all of it: no file's name has that in it
		}
		if _, err := os.Stat(t.Job.Argv[0]); errors.Is(err, os.ErrNotExist) {
			again := append([]string{"keycare", "schedule", "install", "--kind", string(t.Kind)}, t.Job.Argv[min(3, len(t.Job.Argv)):]...)
			warnings = append(warnings, fmt.Sprintf("the program that the timer starts is gone: %s. With an installed keycare run: %s",
				t.Job.Argv[0], cmp.Or(show.Command(e.Vars.GOOS, again...), schedule.Line(e.Vars.GOOS, again))))
		}
	}
	return warnings
}

func writeTimers(e *env, found []schedule.Timer, last *job.Stamp, warnings []string) error {
	doc := struct {
		Version  int           `json:"version"`
		Timers   []timerStatus `json:"timers"`
		Last     *job.Stamp    `json:"last_run"`
		Warnings []string      `json:"warnings"`
	}{1, []timerStatus{}, last, append([]string{}, warnings...)}
	for _, t := range found {
		s := timerStatus{Kind: string(t.Kind), Where: t.Where, Active: t.Active, Command: append([]string{}, t.Job.Argv...), Env: varNames(t.Job.Env)}
		if !t.Next.IsZero() {
			s.Next = &t.Next
		}
		doc.Timers = append(doc.Timers, s)
	}
	return e.writeJSON(doc)
}
