package gitobj

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"keycare/credfile/copies"
)

// patience is how long git may be silent: a repository whose files are pipes would
// let it wait for ever.
const patience = 2 * time.Minute

// environ is what git gets: nothing of the user's settings, and nothing that makes it
// run a program, fetch an object or ask for a password. A repository of another owner
// is read too, for none of its settings has an effect on what is asked.
func environ() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", // the second for gits before 2.45
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_ATTR_NOSYSTEM=1", "GIT_PAGER=cat",
		"GIT_CONFIG_COUNT=4",
		"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_CONFIG_KEY_1=core.fsmonitor", "GIT_CONFIG_VALUE_1=false",
		"GIT_CONFIG_KEY_2=core.hooksPath", "GIT_CONFIG_VALUE_2=" + os.DevNull,
		"GIT_CONFIG_KEY_3=core.commitGraph", "GIT_CONFIG_VALUE_3=false",
	}
	if runtime.GOOS == "linux" { // large pages for git's cache of deltas: a tenth less of its time
		env = append(env, "GLIBC_TUNABLES=glibc.malloc.hugetlb=1")
	}
	if runtime.GOOS == "windows" {
		for _, name := range []string{"SYSTEMROOT", "TEMP", "TMP"} {
			env = append(env, name+"="+os.Getenv(name))
		}
	}
	return env
}

// running is a git whose output is read.
type running struct {
	*bufio.Reader
	cmd   *exec.Cmd
	said  bytes.Buffer
	timer *time.Timer
	out   *pipe
	stop  context.CancelFunc
}

func start(ctx context.Context, git, dir string, in io.Reader, args ...string) (*running, error) {
	return startIn(ctx, git, dir, nil, in, args...)
}

// startIn is start with more in git's environment.
func startIn(ctx context.Context, git, dir string, env []string, in io.Reader, args ...string) (*running, error) {
	return run(ctx, git, dir, env, in, append([]string{"--git-dir=" + dir}, args...)...)
}

// run starts git in a folder. Every git of keycare that reads a repository is one of
// these.
func run(ctx context.Context, git, dir string, env []string, in io.Reader, args ...string) (*running, error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{stop: cancel}
	r.cmd = exec.CommandContext(ctx, git, append([]string{"--no-pager"}, args...)...)
	r.cmd.Env, r.cmd.Dir, r.cmd.Stdin, r.cmd.WaitDelay = append(environ(), env...), dir, in, 5*time.Second
	r.cmd.Stderr = &limited{to: &r.said, left: 4096}
	out, stdout, err := newOutlet(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	r.cmd.Stdout = stdout
	err = r.cmd.Start()
	stdout.Close() // git has it
	if err != nil {
		out.Close()
		cancel()
		return nil, err
	}
	r.timer = time.AfterFunc(patience, cancel)
	r.out = &pipe{out, r.timer}
	r.Reader = bufio.NewReaderSize(r.out, 256<<10)
	return r, nil
}

// pipe is the end of a pipe that git writes into. Each read tells that git is not
// silent.
type pipe struct {
	out   io.ReadCloser
	timer *time.Timer
}

func (p *pipe) Read(b []byte) (int, error) {
	n, err := p.out.Read(b)
	if n > 0 {
		p.timer.Reset(patience)
	}
	return n, err
}

// end waits for git, or stops it if not all of its output was wanted.
func (r *running) end(ctx context.Context, readErr error) error {
	if readErr != nil {
		r.stop()
	}
	err := errors.Join(r.cmd.Wait(), r.out.out.Close())
	silent := !r.timer.Stop()
	r.stop()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case silent:
		return fmt.Errorf("git said nothing for %v", patience)
	case err != nil || readErr != nil:
		said, _, _ := strings.Cut(strings.TrimSpace(r.said.String()), "\n")
		if said != "" {
			return errors.New(said)
		}
		return errors.Join(readErr, err)
	}
	return nil
}

// limited keeps the first bytes of what is written, and takes the rest.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(l.left, len(p))
	l.to.Write(p[:n])
	l.left -= n
	return len(p), nil
}

// content is an object and what is in it. It holds for the time of a look alone.
type content struct {
	kind  string
	name  []byte
	size  int64
	whole []byte    // nil if it is large
	body  io.Reader // then
}

// scan looks for keys in an object; in what an archive holds, if it may be unpacked.
func (o *content) scan(ctx context.Context, s *copies.Scanner, unpack bool, how copies.Unpack) error {
	if unpack && o.kind == "blob" {
		head := o.whole
		if o.body != nil {
			b := bufio.NewReaderSize(o.body, 512)
			head, _ = b.Peek(512) // an error comes again
			o.body = b
		}
		archive, unread := copies.Packed(head)
		switch {
		case archive && o.size <= copies.MostPacked:
			all, err := o.text()
			if err == nil && int64(len(all)) != o.size {
				err = io.ErrUnexpectedEOF
			}
			if err == nil {
				s.Archive(ctx, all, how)
			}
			return err
		case archive:
			how.Skip(copies.BigArchive)
		case unread != "":
			how.Skip(unread)
		}
	}
	if o.body == nil {
		s.Bytes(o.whole, how.Hit)
		return nil
	}
	n, err := s.Scan(o.body, how.Hit)
	if err == nil && n != o.size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// text is all that is in an object.
func (o *content) text() ([]byte, error) {
	if o.body == nil {
		return o.whole, nil
	}
	return io.ReadAll(o.body)
}

// catFile hands each object of a repository to look, but those that the borrowed
// repositories have too. It counts the objects that git names and does not have.
func catFile(ctx context.Context, git, dir string, borrowed []string, look func(*content) error) (missing int, err error) {
	args := []string{"cat-file", "--buffer", "--batch"}
	var in io.Reader
	if len(borrowed) == 0 {
		args = append(args, "--batch-all-objects", "--unordered")
	} else if in, err = ownNames(ctx, git, dir, borrowed); err != nil {
		return 0, err
	}
	r, err := start(ctx, git, dir, in, args...)
	if err != nil {
		return 0, err
	}
	return r.objects(ctx, look)
}

// objects hands what cat-file --batch writes to look, and counts the objects that are
// not there.
func (r *running) objects(ctx context.Context, look func(*content) error) (missing int, err error) {
	read := func() error {
		var name []byte
		o := new(content)
		for {
			line, err := r.ReadSlice('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				return nil
			}
			if err != nil {
				return err
			}
			id, rest, _ := bytes.Cut(line[:len(line)-1], []byte(" "))
			kind, digits, ok := bytes.Cut(rest, []byte(" "))
			size, err := strconv.ParseInt(string(digits), 10, 64)
			if !ok || err != nil || size < 0 {
				missing++ // "missing", or what a damaged object is called
				continue
			}
			name = append(name[:0], id...)
			*o = content{kind: kindOf(kind), name: name, size: size}
			if size < int64(r.Size()) {
				if o.whole, err = r.Peek(int(size)); errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
			} else {
				o.body = &io.LimitedReader{R: r, N: size}
			}
			if err == nil {
				err = look(o)
			}
			if err == nil && o.body == nil {
				_, err = r.Discard(int(size))
			}
			if err == nil {
				_, err = r.Discard(1)
			}
			if err != nil {
				return err
			}
		}
	}
	return missing, r.end(ctx, read())
}

// kindOf is the kind of an object, without a new string for each.
func kindOf(word []byte) string {
	switch string(word) {
	case "blob":
		return "blob"
	case "tree":
		return "tree"
	case "commit":
		return "commit"
	}
	return string(word)
}

// names calls each with the lines of a git that lists something.
func names(ctx context.Context, git, dir string, each func(line []byte), args ...string) error {
	r, err := start(ctx, git, dir, nil, args...)
	if err != nil {
		return err
	}
	read := func() error {
		for {
			line, err := r.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) { // a path of that length
				line = bytes.Clone(line)
				var more []byte
				more, err = r.ReadBytes('\n')
				line = append(line, more...)
			}
			if line = bytes.TrimSuffix(line, []byte("\n")); len(line) > 0 {
				each(line)
			}
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
	return r.end(ctx, read())
}

// ownNames are the names of the objects that only this repository has, a line each.
func ownNames(ctx context.Context, git, dir string, borrowed []string) (io.Reader, error) {
	list := []string{"cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch-check=%(objectname)"}
	theirs := make(map[string]bool)
	for _, other := range borrowed {
		if err := names(ctx, git, other, func(name []byte) { theirs[string(name)] = true }, list...); err != nil {
			return nil, err
		}
	}
	var own bytes.Buffer
	err := names(ctx, git, dir, func(name []byte) {
		if !theirs[string(name)] {
			own.Write(append(name, '\n'))
		}
	}, list...)
	return &own, err
}

// nameObjects gives copies in the objects of these IDs the names of their files, and
// says which of them a remote-tracking branch has. It counts the objects that something
// refers to and that are not there.
func nameObjects(ctx context.Context, git, dir string, ids []string, found []copies.Copy) (missing int, err error) {
	at := make(map[string][]int)
	for i, id := range ids {
		at[id] = append(at[id], i)
	}
	list := []string{"rev-list", "--objects", "--missing=print", "--reflog", "--indexed-objects", "--all"}
	if len(found) == 0 {
		list = append(list, "--quiet") // but for what is missing
	}
	err = names(ctx, git, dir, func(line []byte) {
		name, file, _ := bytes.Cut(line, []byte(" "))
		if name[0] == '?' {
			missing++
		}
		for _, i := range at[string(name)] {
			kind, _, _ := strings.Cut(found[i].Inner, " ")
			switch {
			case len(file) == 0:
			case kind == "blob":
				found[i].Inner = string(file)
			default:
				found[i].Inner = kind + " " + string(file)
			}
		}
	}, list...)
	if len(found) == 0 {
		return missing, err
	}
	return missing, errors.Join(err, names(ctx, git, dir, func(line []byte) {
		name, _, _ := bytes.Cut(line, []byte(" "))
		for _, i := range at[string(name)] {
			found[i].Pushed = true
		}
	}, "rev-list", "--objects", "--missing=allow-any", "--remotes"))
}
