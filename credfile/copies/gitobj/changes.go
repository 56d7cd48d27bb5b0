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
	copies.Hit
}

// Changes looks for keys that changes bring in.
type Changes struct {
	Git     string // the program
	Dir     string // .git, for a linked work tree its own
	Index   string // the index, where it is not that of Dir
	Matcher *copies.Matcher
	// Counts says which hits matter. What it leaves out is neither old nor new.
	Counts func(copies.Hit) bool
}

// entry is a path of a change, with the blobs before and after it.
type entry struct{ path, old, new string }

// Staged is what the next commit brings in: the index beside HEAD.
func (c *Changes) Staged(ctx context.Context) ([]New, error) {
	base := "HEAD"
	if err := c.lines(ctx, func(string) {}, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		empty, err := c.one(ctx, "hash-object", "-t", "tree", os.DevNull)
		if err != nil {
			return nil, err
		}
		base = empty
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
	var all []change
	at := map[string]int{}
	var in bytes.Buffer
	err := c.lines(ctx, func(line string) {
		words := strings.Fields(line)
		at[words[0]] = len(all)
		all = append(all, change{commit: words[0], parents: max(len(words)-1, 1)})
		in.WriteString(words[0] + "\n")
	}, append([]string{"rev-list", "--parents", "--reverse", "--topo-order"}, append(revs, "--")...)...)
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

// Pushed is what a push brings to a remote: lines are those that git hands to the
// hook pre-push.
func (c *Changes) Pushed(ctx context.Context, remote string, lines string) ([]New, error) {
	var found []New
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		if len(words) != 4 {
			return nil, errors.New("that is not what git hands to pre-push")
		}
		local, theirs := words[1], words[3]
		if strings.Trim(local, "0") == "" {
			continue // a branch is deleted
		}
		tags, target, err := c.tags(ctx, local)
		if err != nil {
			return nil, err
		}
		n, err := c.compare(ctx, nil, tags)
		if err != nil {
			return nil, err
		}
		found = append(found, n...)
		if target.kind == "commit" {
			n, err = c.Range(ctx, c.lacks(ctx, remote, target.id, theirs)...)
		} else {
			n, err = c.loose(ctx, words[0], target)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, n...)
	}
	return found, nil
}

// lacks names for rev-list what a remote that has theirs lacks of a commit. Of a
// remote of which nothing is known it is all: what another remote has is not there.
func (c *Changes) lacks(ctx context.Context, remote, commit, theirs string) []string {
	revs := []string{commit, "--not"}
	if name := c.remoteName(ctx, remote); name != "" {
		revs = append(revs, "--remotes="+name)
	}
	if strings.Trim(theirs, "0") != "" && c.lines(ctx, func(string) {}, "cat-file", "-e", theirs+"^{commit}") == nil {
		revs = append(revs, theirs)
	}
	return revs
}

// remoteName is the remote that a push goes to, which git names by its URL where
// that was given; empty where this repository does not follow it.
func (c *Changes) remoteName(ctx context.Context, remote string) string {
	fields, _ := c.fields(ctx, nil, "config", "-z", "--get-regexp", `^remote\..*\.(url|pushurl)$`) // an error: none
	for _, f := range fields {
		key, url, _ := strings.Cut(f, "\n")
		if url == remote {
			key = strings.TrimPrefix(key, "remote.")
			return key[:strings.LastIndexByte(key, '.')]
		}
	}
	if strings.ContainsAny(remote, "*?[\\") || c.lines(ctx, func(string) {}, "check-ref-format", "refs/remotes/"+remote) != nil {
		return ""
	}
	return remote
}

// loose is what comes in with a name that is not a commit's: a tag on a file or on
// a folder.
func (c *Changes) loose(ctx context.Context, name string, target object) ([]New, error) {
	one := change{parents: 1}
	if target.kind == "blob" {
		one.entries = []entry{{path: name, new: target.id}}
	} else {
		fields, err := c.fields(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", target.id)
		if err != nil {
			return nil, err
		}
		for _, f := range fields {
			about, path, _ := strings.Cut(f, "\t")
			if words := strings.Fields(about); len(words) == 3 && words[1] == "blob" {
				one.entries = append(one.entries, entry{path: path, new: words[2]})
			}
		}
	}
	return c.compare(ctx, []change{one}, nil)
}

// object is a name's, as git calls its kind.
type object struct{ kind, id string }

// mostTags bounds tags on tags.
const mostTags = 100

// tags are the tag objects between a name and its target.
func (c *Changes) tags(ctx context.Context, id string) (tags []string, target object, err error) {
	for range mostTags {
		kind, err := c.one(ctx, "cat-file", "-t", id)
		if err != nil || kind != "tag" {
			return tags, object{kind, id}, err
		}
		tags = append(tags, id)
		next := ""
		if err := c.lines(ctx, func(line string) {
			if to, ok := strings.CutPrefix(line, "object "); ok && next == "" {
				next = to
			}
		}, "cat-file", "tag", id); err != nil {
			return nil, object{}, err
		}
		id = next
	}
	return nil, object{}, fmt.Errorf("there are more than %d tags on tags", mostTags)
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
	hits := map[string][]copies.Hit{}
	scanner := copies.NewScanner(c.Matcher)
	missing, err := batch(ctx, c.Git, c.Dir, &in, []string{"cat-file", "--buffer", "--batch"}, func(_, name string, _ int64, body io.Reader) error {
		_, err := scanner.Scan(body, func(h copies.Hit) {
			if c.Counts(h) {
				hits[name] = append(hits[name], h)
			}
		})
		return err
	})
	if err == nil && missing > 0 {
		err = fmt.Errorf("%d objects are missing, so they were not looked at", missing)
	}
	if err != nil {
		return nil, err
	}
	for _, ch := range all {
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
				p := part{h.Key, h.ID, h.Part}
				if old[p]--; old[p] < 0 {
					found = append(found, New{ch.commit, path, h})
				}
			}
		}
	}
	for _, id := range objects {
		for _, h := range hits[id] {
			found = append(found, New{Commit: id, Hit: h})
		}
	}
	return found, nil
}

func counted(hits []copies.Hit) map[part]int {
	n := map[part]int{}
	for _, h := range hits {
		n[part{h.Key, h.ID, h.Part}]++
	}
	return n
}
