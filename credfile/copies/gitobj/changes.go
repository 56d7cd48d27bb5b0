package gitobj

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile/copies"
)

// New is a key that a change brings in: a part of it stands in a text more often
// than in the text before.
type New struct {
	Commit string // whose change it is; empty for the index
	Path   string // empty for a message
	Ref    bool   // Path is the name of a branch or a tag
	Member string // of the archive that Path is
	copies.Hit
}

// Changes looks for keys that changes bring in.
type Changes struct {
	Git     string   // the program
	Dir     string   // .git, for a linked work tree its own
	Env     []string // GIT_ variables that say where the index and the objects are, if not in Dir
	Matcher *copies.Matcher
	// Counts says which hits matter. What it leaves out is neither old nor new.
	Counts func(copies.Hit) bool
	// Unborn is set by Staged where there is no commit yet.
	Unborn bool

	lfs lfs
}

// entry is a path of a change, with the blobs before and after it.
type entry struct{ path, old, new string }

// Staged is what the next commit brings in: the index beside HEAD.
func (c *Changes) Staged(ctx context.Context) ([]New, error) {
	base := "HEAD"
	if _, err := c.output(ctx, nil, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		empty, err := c.output(ctx, nil, "hash-object", "-t", "tree", os.DevNull)
		if err != nil {
			return nil, err
		}
		base, c.Unborn = strings.TrimSpace(empty), true
	}
	var changed []change
	one := change{parents: 1}
	fields, err := c.fields(ctx, nil, "diff-index", "--cached", "--raw", "-z", "--no-renames", base, "--")
	if err != nil {
		return nil, err
	}
	for f := range rawEntries(fields) {
		if e, ok := f.entry(); ok {
			one.entries = append(one.entries, e)
		}
	}
	return c.compare(ctx, append(changed, one), nil)
}

// change is what one commit, or the index, does.
type change struct {
	commit  string
	parents int
	entries []entry // of a merge: beside each parent
}

// own are the entries without those that are as one of the parents has them: no
// change of their own. A partial clone need not have their texts.
func (ch change) own() []entry {
	if ch.parents == 1 {
		return ch.entries
	}
	beside := map[string]int{}
	for _, e := range ch.entries {
		beside[e.path]++
	}
	return slices.DeleteFunc(ch.entries, func(e entry) bool { return beside[e.path] < ch.parents })
}

// ErrShallow says that the history ends within the range.
var ErrShallow = errors.New("the clone is shallow, and its history ends within the range: fetch more of it (git fetch --unshallow)")

// Range is what the commits bring in that rev-list names with revs, and the tags
// among them. What stands in a merge as it stands in one of its parents is old.
func (c *Changes) Range(ctx context.Context, revs ...string) ([]New, error) {
	return c.commits(ctx, nil, revs...)
}

// commits is Range with more for rev-list to read, a line each.
func (c *Changes) commits(ctx context.Context, more io.Reader, revs ...string) ([]New, error) {
	var all []change
	at := map[string]int{}
	var in bytes.Buffer
	list := []string{"rev-list", "--parents", "--reverse", "--topo-order"}
	if more != nil {
		list = append(list, "--stdin")
	}
	text, err := c.output(ctx, more, append(list, append(revs, "--")...)...)
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		at[words[0]] = len(all)
		all = append(all, change{commit: words[0], parents: max(len(words)-1, 1)})
		in.WriteString(words[0] + "\n")
	}
	if err != nil {
		return nil, fmt.Errorf("git cannot list the commits: %w", err)
	}
	if shallow, err := readSmall(filepath.Join(commonDir(c.Dir), "shallow")); err == nil {
		for line := range strings.Lines(shallow) {
			if _, ok := at[strings.TrimSpace(line)]; ok {
				return nil, ErrShallow
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	fields, err := c.fields(ctx, &in, "diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "-z", "--no-renames")
	if err != nil {
		return nil, fmt.Errorf("git cannot compare the commits: %w", err)
	}
	now := -1
	for f := range rawEntries(fields) {
		if f.header != "" {
			id, _, _ := strings.Cut(f.header, " ")
			i, ok := at[id]
			if !ok {
				return nil, errors.New("git names a commit that was not asked for")
			}
			now = i
			continue
		}
		if e, ok := f.entry(); ok && now >= 0 {
			all[now].entries = append(all[now].entries, e)
		}
	}
	objects := make([]string, 0, len(all))
	for _, ch := range all {
		objects = append(objects, ch.commit)
	}
	return c.compare(ctx, all, objects)
}

// Text is what a message brings in.
func (c *Changes) Text(text []byte) (found []New) {
	copies.NewScanner(c.Matcher).Bytes(text, func(h copies.Hit) {
		if c.Counts(h) {
			found = append(found, New{Hit: h})
		}
	})
	return found
}

// part is half a key, by which hits are counted.
type part struct {
	key  int
	id   string
	part copies.Part
}

// compare reads every blob once, and says what each change brings in; objects are
// commits and tags, whose own text is new.
func (c *Changes) compare(ctx context.Context, all []change, objects []string) (found []New, err error) {
	wanted := map[string]bool{}
	var in bytes.Buffer
	want := func(id string) {
		if id != "" && !wanted[id] {
			wanted[id] = true
			in.WriteString(id + "\n")
		}
	}
	for i := range all {
		all[i].entries = all[i].own()
		for _, e := range all[i].entries {
			want(e.old)
			want(e.new)
		}
	}
	for _, id := range objects {
		want(id)
	}
	if in.Len() == 0 {
		return nil, nil
	}
	hits := map[string][]inside{}
	scanner, count := copies.NewScanner(c.Matcher), new(copies.Counter)
	missing, err := c.texts(ctx, &in, func(o *content) error {
		first := len(hits[string(o.name)]) // of the member
		return c.lfs.scan(ctx, c, scanner, o, copies.Unpack{
			Hit: func(h copies.Hit) {
				if c.Counts(h) {
					hits[string(o.name)] = append(hits[string(o.name)], inside{Hit: h})
				}
			},
			Member: func(name string) {
				for i := first; i < len(hits[string(o.name)]); i++ {
					hits[string(o.name)][i].member = name
				}
				first = len(hits[string(o.name)])
			},
			Skip:  func(copies.Reason) {},
			Count: count,
		})
	})
	if err == nil && missing > 0 {
		err = fmt.Errorf("%d objects are missing, so they were not looked at", missing)
	}
	if err != nil {
		return nil, err
	}
	for _, ch := range all {
		for _, e := range ch.entries {
			if e.old == "" {
				found = append(found, c.name(scanner, ch.commit, e.path)...)
			}
		}
		beside := map[string][]entry{}
		var order []string
		for _, e := range ch.entries {
			if len(beside[e.path]) == 0 {
				order = append(order, e.path)
			}
			beside[e.path] = append(beside[e.path], e)
		}
		for _, path := range order {
			if len(hits[beside[path][0].new]) == 0 {
				continue
			}
			old := map[part]int{}
			for _, e := range beside[path] {
				for p, n := range counted(hits[e.old]) {
					old[p] = max(old[p], n)
				}
			}
			for _, h := range hits[beside[path][0].new] {
				p := partOf(h.Hit)
				if old[p]--; old[p] < 0 {
					found = append(found, New{Commit: ch.commit, Path: path, Member: h.member, Hit: h.Hit})
				}
			}
		}
	}
	for _, id := range objects {
		for _, h := range hits[id] {
			found = append(found, New{Commit: id, Hit: h.Hit})
		}
	}
	return found, nil
}

// name is what the name of a new file brings in. Such a hit has no line.
func (c *Changes) name(s *copies.Scanner, commit, path string) (found []New) {
	s.Bytes([]byte(path), func(h copies.Hit) {
		if h.Line = 0; c.Counts(h) {
			found = append(found, New{Commit: commit, Path: path, Hit: h})
		}
	})
	return found
}

func partOf(h copies.Hit) part {
	if h.API != nil {
		return part{h.Key, h.API.Text.Reveal(), h.Part}
	}
	return part{h.Key, h.ID, h.Part}
}

// inside is a hit in an object, and in an archive the member that has it.
type inside struct {
	copies.Hit
	member string
}

func counted(hits []inside) map[part]int {
	n := map[part]int{}
	for _, h := range hits {
		n[partOf(h.Hit)]++
	}
	return n
}
