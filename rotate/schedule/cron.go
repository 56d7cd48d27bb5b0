package schedule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"keycare/credfile/pattern"
)

// Cron is a block in the user's crontab.
const Cron Kind = "cron"

func cron() kind {
	return kind{
		name: Cron, title: "block in the crontab", on: []string{"linux", "darwin", "freebsd", "openbsd", "netbsd"},
		usable: func(ctx context.Context, h *Host) bool {
			_, err := crontab(ctx, h)
			return err == nil
		},
		render: cronFiles, find: cronFind, install: cronInstall, remove: cronRemove,
		Traits: Traits{Logs: "and the mail of cron"},
	}
}

const (
	cronBegin = "# keycare schedule: begin"
	cronEnd   = "# keycare schedule: end"
	cronNote  = ` (made by "keycare schedule install"; "keycare schedule remove" removes it)`
	// cronCut tells that the line before the block had no line end, which goes
	// with the block again.
	cronCut = ", after a line without end"
	// maxCommand is the longest command, in bytes, that Vixie's cron takes
	// (MAX_COMMAND is 1000; measured). Those of Linux, BSD and macOS come from it.
	maxCommand = 998
)

// cronFiles renders the block. Its variables are in the command: a line of their
// own in a crontab would hold for all lines after it.
func cronFiles(h *Host, j Job) ([]File, error) {
	words := []string{"umask", "077;", "exec"}
	if len(j.Env) > 0 {
		words = append(words, "env")
		for _, v := range j.Env {
			words = append(words, v.Name+"="+shellWord(v.Value))
		}
	}
	// nice stands before the program because env would take a path with a "="
	// for a variable.
	words = append(words, "nice", "-n", "10", shellLine(j.Argv))
	command := strings.ReplaceAll(strings.Join(words, " "), "%", `\%`)
	if n := len(command); n > maxCommand {
		return nil, fmt.Errorf("the line for the crontab has %d bytes, cron takes %d: leave out profiles, or put AWS's settings into ~/.aws/config instead of variables", n, maxCommand)
	}
	line := fmt.Sprintf("%d */4 * * * %s\n", j.Minute, command)
	return []File{{"crontab", []byte(cronBegin + cronNote + "\n" + line + cronEnd + "\n"), 0o600}}, nil
}

var cronLine = pattern.Of(`^([0-9]{1,2}) \*/4 \* \* \* (.*)$`)

// cronJob reads a job back from the block.
func cronJob(block string) (Job, error) {
	var j Job
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		m := cronLine().FindStringSubmatch(line)
		if m == nil || j.Argv != nil {
			return Job{}, errors.New("it was changed by hand")
		}
		words, err := shellWords(strings.ReplaceAll(m[2], `\%`, "%"))
		if err != nil {
			return Job{}, err
		}
		i := slices.Index(words, "nice")
		if i < 0 || len(words) < i+4 {
			return Job{}, errors.New("it was changed by hand")
		}
		for _, w := range words[min(4, i):i] {
			name, value, _ := strings.Cut(w, "=")
			j.Env = append(j.Env, Var{name, value})
		}
		j.Argv = words[i+3:]
		j.Minute, _ = strconv.Atoi(m[1])
	}
	if j.Argv == nil {
		return Job{}, errors.New("there is no line in it")
	}
	return j, nil
}

// cronBlock is where the block is in a crontab: text[from:to], which includes
// the line end that an insertion added. from == to: there is none.
func cronBlock(text []byte) (from, to int, err error) {
	begin, end, cut := -1, -1, false
	for at := 0; at < len(text); {
		stop := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			stop = at + i + 1
		}
		line := string(bytes.TrimRight(text[at:stop], " \t\r\n"))
		switch {
		case line == cronBegin || strings.HasPrefix(line, cronBegin+" (") || strings.HasPrefix(line, cronBegin+cronCut):
			if begin >= 0 {
				return 0, 0, errCrontab
			}
			begin, cut = at, at > 0 && strings.HasPrefix(line, cronBegin+cronCut)
		case line == cronEnd:
			if begin < 0 || end >= 0 {
				return 0, 0, errCrontab
			}
			end = stop
		}
		at = stop
	}
	if (begin < 0) != (end < 0) {
		return 0, 0, errCrontab
	}
	if cut && end == len(text) { // else it now ends a line that others follow
		begin--
	}
	return max(begin, 0), max(end, 0), nil
}

var errCrontab = errors.New(`the block of keycare in your crontab is damaged: run "crontab -e", ` +
	`delete the lines from "` + cronBegin + `" to "` + cronEnd + `", and try again`)

// cronWith puts a block in the place of the one that is there, or at the end.
// Without a block it takes it out. No other byte changes.
func cronWith(text, block []byte) ([]byte, error) {
	from, to, err := cronBlock(text)
	if err != nil {
		return nil, err
	}
	before, after := text[:from], text[to:]
	if from == to {
		before, after = text, nil
	}
	if len(block) > 0 && len(before) > 0 && before[len(before)-1] != '\n' {
		block = append([]byte("\n"), bytes.Replace(block, []byte(cronBegin), []byte(cronBegin+cronCut), 1)...)
	}
	return slices.Concat(before, block, after), nil
}

// noCrontab is how cron's programs, and busybox's, say that there is none. Any
// other failure is one: to take it for an empty crontab would lose the real one.
var noCrontab = pattern.Of(`^(crontab: )?no crontab for [^\n]*$|^crontab: can't open '[^'\n]*': No such file or directory$`)

// crontab reads the user's crontab. There being none is an empty one.
func crontab(ctx context.Context, h *Host) ([]byte, error) {
	text, err := h.Run(ctx, nil, "crontab", "-l")
	var failed *RunError
	if errors.As(err, &failed) && len(text) == 0 && noCrontab().MatchString(strings.TrimSpace(failed.Text)) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read your crontab: %w", err)
	}
	return text, nil
}

// cronWrite replaces the crontab, if it still is what it was, and looks whether
// cron took it.
func cronWrite(ctx context.Context, h *Host, was, text []byte) error {
	now, err := crontab(ctx, h)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, was) {
		return errors.New("your crontab was changed by another program just now; nothing was done: try again")
	}
	argv := []string{"crontab", "-"}
	if len(text) == 0 {
		argv = []string{"crontab", "-r"}
	}
	if _, err := h.Run(ctx, text, argv...); err != nil {
		return err
	}
	if now, err = crontab(ctx, h); err != nil {
		return err
	}
	if !bytes.Equal(now, text) {
		return errors.New(`your crontab is not what was written: look at it with "crontab -l"`)
	}
	return nil
}

func cronFind(ctx context.Context, h *Host) (*Timer, error) {
	text, err := crontab(ctx, h)
	var failed *RunError
	if errors.Is(err, exec.ErrNotFound) || errors.As(err, &failed) && strings.Contains(failed.Text, "not allowed") {
		return nil, nil // whoever may not use crontab has no block in it
	}
	if err != nil {
		return nil, err
	}
	from, to, err := cronBlock(text)
	if err != nil || from == to {
		return nil, err
	}
	block := bytes.TrimLeft(text[from:to], "\n")
	t := &Timer{Where: []string{"the crontab of " + h.User}, Active: true}
	t.files = []File{{"crontab", bytes.Replace(block, []byte(cronBegin+cronCut), []byte(cronBegin), 1), 0o600}}
	if t.Job, err = cronJob(string(block)); err != nil {
		t.Active = false
		t.Trouble = append(t.Trouble, "the line in the crontab cannot be read: "+err.Error())
		return t, nil
	}
	t.Next = next(h.Now(), t.Job.Minute)
	return t, nil
}

func cronInstall(ctx context.Context, h *Host, files []File) error {
	return cronChange(ctx, h, files[0].Data)
}

func cronRemove(ctx context.Context, h *Host) error { return cronChange(ctx, h, nil) }

func cronChange(ctx context.Context, h *Host, block []byte) error {
	was, err := crontab(ctx, h)
	if err != nil {
		return err
	}
	text, err := cronWith(was, block)
	if err != nil {
		return err
	}
	return cronWrite(ctx, h, was, text)
}
