package gitobj

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// rawField is a commit's header, or an entry of git's raw format.
type rawField struct{ header, raw, path string }

// rawEntries reads fields that end with NUL.
func rawEntries(fields []string) func(yield func(rawField) bool) {
	return func(yield func(rawField) bool) {
		for i := 0; i < len(fields); i++ {
			f := rawField{header: fields[i]}
			if strings.HasPrefix(fields[i], ":") && i+1 < len(fields) {
				f = rawField{raw: fields[i], path: fields[i+1]}
				i++
			}
			if !yield(f) {
				return
			}
		}
	}
}

// entry is false for what has no text of its own: deletions, submodules.
func (f rawField) entry() (entry, bool) {
	words := strings.Fields(strings.TrimPrefix(f.raw, ":"))
	if len(words) != 5 {
		return entry{}, false
	}
	blob := func(mode, id string) string {
		if mode == "160000" || strings.Trim(id, "0") == "" {
			return ""
		}
		return id
	}
	e := entry{f.path, blob(words[0], words[2]), blob(words[1], words[3])}
	return e, e.new != "" && e.new != e.old
}

func (c *Changes) run(ctx context.Context, in io.Reader, args []string) (*running, error) {
	return startIn(ctx, c.Git, c.Dir, c.Env, in, args...)
}

// texts hands the objects to look that in names, and counts those that are not there.
func (c *Changes) texts(ctx context.Context, in io.Reader, look func(*content) error) (missing int, err error) {
	r, err := c.run(ctx, in, []string{"cat-file", "--buffer", "--batch"})
	if err != nil {
		return 0, err
	}
	return r.objects(ctx, look)
}

// output is all that git says.
func (c *Changes) output(ctx context.Context, in io.Reader, args ...string) (string, error) {
	r, err := c.run(ctx, in, args)
	if err != nil {
		return "", err
	}
	b, readErr := io.ReadAll(r)
	return string(b), r.end(ctx, readErr)
}

// fields are what git says, each with NUL at its end.
func (c *Changes) fields(ctx context.Context, in io.Reader, args ...string) ([]string, error) {
	text, err := c.output(ctx, in, args...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(text, "\x00"), func(s string) bool { return s == "" }), nil
}

// commonDir is the folder that a linked work tree shares with its repository.
func commonDir(dir string) string {
	b, err := readSmall(filepath.Join(dir, "commondir"))
	if err != nil {
		return dir
	}
	if common := strings.TrimSpace(b); filepath.IsAbs(common) {
		return common
	} else {
		return filepath.Join(dir, common)
	}
}
