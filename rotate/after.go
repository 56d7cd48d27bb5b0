package rotate

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// This file is about the command of the settings that gets the new pair of a
// rotation ("after"): for a store of secrets, a CI, a vault.

const (
	// afterWithin bounds one command.
	afterWithin = 2 * time.Minute
	// afterLingers is how long its output is waited for once it has ended, and how
	// long it has to end once it was asked to.
	afterLingers = 2 * time.Second
	// afterMark is a variable by which what belongs to a command is known, wherever
	// that went: another value for each.
	afterMark = "AFTER_KEYCARE"
	// mostSaid bounds what is kept of what it says.
	mostSaid  = 4 << 10
	mostLines = 3
)

// afterOf are the commands for a rotation's profiles, as the settings name them now.
func (rot *Rotator) afterOf(j *state.Journal) [][]string {
	if rot.After == nil || j.Root != nil {
		return nil
	}
	var profiles []string
	for _, pl := range j.Places {
		profiles = append(profiles, pl.Profile)
	}
	return rot.After(profiles)
}

// afterNotes say in a plan which commands get the new key.
func (rot *Rotator) afterNotes(j *state.Journal) (notes []string) {
	for _, argv := range rot.afterOf(j) {
		notes = append(notes, fmt.Sprintf("%s gets the new key on standard input, before the old one is retired", show.Flow(argv[0])))
	}
	return notes
}

// after hands a pair to the commands, under the user's lock and without those of
// the files. Before the first it is noted that they may have it: from then on the
// rotation is not undone unasked. All of them run again until all have taken it.
func (r *cycle) after(ctx context.Context, p credfile.Pair, then state.After) error {
	commands := r.afterOf(r.j)
	if len(commands) == 0 && then == state.AfterDone {
		r.seen.After, r.why = no, errors.New("keycare.ini no longer names the command that gets the new key: put it back")
		return nil
	}
	if p.Secret.Empty() {
		r.seen.After, r.why = no, fmt.Errorf("the secret of key %s is no longer kept", p.ID)
		return nil
	}
	if r.j.After == state.AfterWanted {
		r.j.After = state.AfterStarted
		if err := r.State.Save(r.j); err != nil {
			r.j.After = state.AfterWanted
			return err
		}
	}
	began := r.Now()
	err := r.unlocked(ctx, func() error {
		for _, argv := range commands {
			if err := runAfter(ctx, argv, p); err != nil {
				return err
			}
			r.say("%s has taken key %s", show.Flow(argv[0]), p.ID)
		}
		return nil
	})
	r.deadline = r.deadline.Add(r.Now().Sub(began))
	r.seen.Files = filesUnread // it took its time
	if err != nil {
		r.seen.After, r.why = no, err
		return nil
	}
	if len(commands) == 0 {
		r.say("keycare.ini no longer names a command, so none was told that key %s is back", p.ID)
	}
	r.seen.After, r.j.After = yes, then
	return r.State.Save(r.j)
}

// afterInput is what the command gets on standard input: the JSON of
// credential_process (AWS SDKs and Tools Reference Guide).
type afterInput struct {
	Version         int
	AccessKeyId     string
	SecretAccessKey string
}

// runAfter runs one command, without a shell. The pair goes through standard input
// alone, never into arguments or the environment.
func runAfter(ctx context.Context, argv []string, p credfile.Pair) error {
	in, err := json.Marshal(afterInput{1, p.ID, p.Secret.Reveal()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, afterWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	mark := afterMark + "=" + rand.Text()
	cmd.Stdin, cmd.WaitDelay, cmd.Env = bytes.NewReader(append(in, '\n')), afterLingers, append(withoutAWS(os.Environ()), mark)
	said := &bounded{}
	cmd.Stderr = said
	name := show.Flow(argv[0])
	done, err := startTree(cmd, mark)
	if err != nil {
		return fmt.Errorf("%s cannot be started: %w", name, err)
	}
	err = cmd.Wait()
	taken := err == nil || errors.Is(err, exec.ErrWaitDelay) // it ended with 0; what it left running holds its output
	done(!taken)                                             // a rest of it must not hand on later what another key replaces
	switch {
	case taken:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s did not end within %s", name, afterWithin)
	case ctx.Err() != nil:
		return fmt.Errorf("%s was interrupted: %w", name, context.Cause(ctx))
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return fmt.Errorf("%s failed (%s)%s", name, exit.ProcessState, said.last(p))
}

// withoutAWS is an environment without AWS's and keycare's own variables: the
// command is to work with what it is given.
func withoutAWS(env []string) (out []string) {
	for _, v := range env {
		if name := strings.ToUpper(v); !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "KEYCARE_") {
			out = append(out, v)
		}
	}
	return out
}

// bounded keeps the end of what is written to it.
type bounded struct{ b []byte }

var _ io.Writer = (*bounded)(nil)

func (w *bounded) Write(b []byte) (int, error) {
	w.b = append(w.b, b...)
	if over := len(w.b) - mostSaid; over > 0 {
		w.b = append(w.b[:0], w.b[over:]...)
	}
	return len(b), nil
}

// last are the last lines that were written, where nothing that was written holds the
// secret in any form or a part of it; what begins in the middle of a text may hold one,
// and so may what is no sentence.
func (w *bounded) last(p credfile.Pair) string {
	if len(w.b) >= mostSaid || partOf(string(w.b), p.Secret.Reveal()) {
		return ""
	}
	for _, h := range formsIn(string(w.b), p) {
		if h.Part == copies.Secret {
			return ""
		}
	}
	var said []string
	for line := range strings.Lines(string(w.b)) {
		if line = show.Flow(strings.TrimSpace(line)); sentence(line) && !show.SecretLike(line) {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return ": " + strings.Join(said[max(0, len(said)-mostLines):], "; ")
}

// sentence reports whether a line has two words of letters alone, which a dump of
// bytes in whatever form has not.
func sentence(line string) bool {
	words := 0
	for word := range strings.FieldsSeq(line) {
		word = strings.Trim(word, ".,:;!?()'\"")
		if len(word) > 1 && len(word) < aPart*3 && strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz") == "" {
			words++
		}
	}
	return words >= 2
}

// aPart is how many letters of a secret in a row are a part of it.
const aPart = 6

// partOf reports whether a part of the secret stands in said as it is, from behind or
// in hex or base64, whatever stands between the letters.
func partOf(said, secret string) bool {
	letters := func(s string) string {
		return strings.ToLower(strings.Map(func(r rune) rune {
			if r < 0x80 && wordOf(byte(r)) {
				return r
			}
			return -1
		}, s))
	}
	back := []byte(secret)
	slices.Reverse(back)
	said = letters(said)
	forms := map[string]int{secret: aPart, string(back): aPart, hex.EncodeToString([]byte(secret)): 2 * aPart}
	for from := range min(3, len(secret)) { // wherever it stands in what is encoded
		forms[base64.RawStdEncoding.EncodeToString([]byte(secret[from:]))] = 4 * aPart / 3
	}
	for form, size := range forms {
		for form = letters(form); len(form) >= size; form = form[1:] {
			if strings.Contains(said, form[:size]) {
				return true
			}
		}
	}
	return false
}

func wordOf(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
