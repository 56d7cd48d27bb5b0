package gitobj

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keycare/credfile/copies"
)

// object is a name's, as git calls its kind.
type object struct{ kind, id string }

// Pushed is what a push brings to a remote: lines are those that git hands to the
// hook pre-push. However many names are pushed, each commit is read once.
func (c *Changes) Pushed(ctx context.Context, remote string, lines string) ([]New, error) {
	names := map[string]string{} // by what they are of
	var locals, theirs, fresh []string
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		if len(words) != 4 {
			return nil, errors.New("that is not what git hands to pre-push")
		}
		if local := words[1]; strings.Trim(local, "0") != "" && names[local] == "" { // else a branch is deleted
			names[local] = words[0]
			locals = append(locals, local)
		}
		switch local := words[1]; {
		case strings.Trim(words[3], "0") != "":
			theirs = append(theirs, words[3])
		case strings.Trim(local, "0") != "":
			fresh = append(fresh, words[2])
		}
	}
	if len(locals) == 0 {
		return nil, nil
	}
	found, commits, err := c.named(ctx, locals, names)
	if err != nil {
		return found, err
	}
	for _, name := range fresh {
		for _, n := range c.name(copies.NewScanner(c.Matcher), "", name) {
			n.Ref = true
			found = append(found, n)
		}
	}
	if commits == "" {
		return found, nil
	}
	n, err := c.lacks(ctx, remote, commits, theirs, fresh)
	return append(found, n...), err
}

// PushedName is what a push of local by its name brings to a remote that has from,
// which may be empty.
func (c *Changes) PushedName(ctx context.Context, remote, name, local, from string) ([]New, error) {
	words := []string{strings.Join(strings.Fields(name), "-"), zeros, "-", zeros}
	for i, rev := range map[int]string{1: local, 3: from} {
		if strings.Trim(rev, "0") == "" {
			continue
		}
		id, err := c.output(ctx, nil, "rev-parse", "--verify", "--quiet", rev)
		if err != nil || rev[0] == '-' {
			return nil, fmt.Errorf("%q, which is or was pushed, is not in this repository", rev)
		}
		words[i] = strings.TrimSpace(id)
	}
	return c.Pushed(ctx, remote, strings.Join(words, " "))
}

// zeros are what git calls nothing.
var zeros = strings.Repeat("0", 40)

// lacks is what a remote that has theirs, and no branch that is fresh there, lacks of
// commits, which stand in lines. Of a remote of which nothing is known it is all: what
// another remote has is not there.
func (c *Changes) lacks(ctx context.Context, remote, commits string, theirs, fresh []string) ([]New, error) {
	known, err := c.kinds(ctx, theirs)
	if err != nil {
		return nil, err
	}
	for _, o := range known {
		if o.kind == "commit" {
			commits += "^" + o.id + "\n"
		}
	}
	var revs []string
	if name := c.remoteName(ctx, remote); name != "" && !c.another(ctx, name, fresh) {
		revs = []string{"--not", "--remotes=" + name}
	}
	return c.commits(ctx, strings.NewReader(commits), revs...)
}

// All is what all there is brought in: every commit and tag that a name leads to.
func (c *Changes) All(ctx context.Context) ([]New, error) {
	lines, err := c.output(ctx, nil, "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	var ids []string
	for line := range strings.Lines(lines) {
		if id, name, _ := strings.Cut(strings.TrimSpace(line), " "); names[id] == "" {
			names[id] = name
			ids = append(ids, id)
		}
	}
	found, _, err := c.named(ctx, ids, names)
	if err != nil {
		return nil, err
	}
	n, err := c.Range(ctx, "--all")
	return append(found, n...), err
}

// named is what names bring in beside commits, which it hands back as lines.
func (c *Changes) named(ctx context.Context, ids []string, names map[string]string) (found []New, commits string, err error) {
	tags, targets, err := c.peeled(ctx, ids, names)
	if err != nil {
		return nil, "", err
	}
	if found, err = c.compare(ctx, nil, tags); err != nil {
		return nil, "", err
	}
	for _, t := range targets {
		if t.kind == "commit" {
			commits += t.id + "\n"
			continue
		}
		n, err := c.loose(ctx, names[t.id], t)
		if err != nil {
			return nil, "", err
		}
		found = append(found, n...)
	}
	return found, commits, nil
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
	if strings.ContainsAny(remote, "*?[\\") || !c.refName(ctx, "refs/remotes/"+remote) {
		return ""
	}
	return remote
}

// another reports whether a remote is not the repository that its remote-tracking
// branches are of, as where its URL was changed, or pushes have another one: it lacks a
// branch that is known of it. That may just have been deleted there; then more is
// looked at than has to be.
func (c *Changes) another(ctx context.Context, remote string, fresh []string) bool {
	prefix := "refs/remotes/" + remote + "/"
	if len(fresh) == 0 {
		return false
	}
	known, _ := c.output(ctx, nil, "for-each-ref", "--format=%(refname)", prefix) // an error: none
	for line := range strings.Lines(known) {
		if slices.Contains(fresh, "refs/heads/"+strings.TrimPrefix(strings.TrimSpace(line), prefix)) {
			return true
		}
	}
	return false
}

func (c *Changes) refName(ctx context.Context, name string) bool {
	_, err := c.output(ctx, nil, "check-ref-format", name)
	return err == nil
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

// mostTags bounds tags on tags.
const mostTags = 100

// peeled are the tag objects between names and their targets. The name of a tag is
// that of its target too.
func (c *Changes) peeled(ctx context.Context, ids []string, names map[string]string) (tags []string, targets []object, err error) {
	for range mostTags {
		var next []string
		known, err := c.kinds(ctx, ids)
		if err != nil {
			return nil, nil, err
		}
		if len(known) < len(ids) {
			return nil, nil, fmt.Errorf("%d objects are missing", len(ids)-len(known))
		}
		var level bytes.Buffer
		for _, o := range known {
			if o.kind != "tag" {
				targets = append(targets, o)
			} else if !slices.Contains(tags, o.id) {
				tags = append(tags, o.id)
				level.WriteString(o.id + "\n")
			}
		}
		if level.Len() == 0 {
			return tags, targets, nil
		}
		if _, err := c.texts(ctx, &level, func(o *content) error {
			text, err := o.text()
			first, _, _ := strings.Cut(string(text), "\n")
			if to, ok := strings.CutPrefix(first, "object "); ok {
				next = append(next, to)
				if names[to] == "" {
					names[to] = names[string(o.name)]
				}
			}
			return err
		}); err != nil {
			return nil, nil, err
		}
		slices.Sort(next)
		ids = slices.Compact(next)
	}
	return nil, nil, fmt.Errorf("there are more than %d tags on tags", mostTags)
}

// kinds are those of the objects that are there.
func (c *Changes) kinds(ctx context.Context, ids []string) (known []object, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	text, err := c.output(ctx, strings.NewReader(strings.Join(ids, "\n")+"\n"), "cat-file", "--buffer", "--batch-check=%(objectname) %(objecttype)")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) == 2 && words[1] != "missing" {
			known = append(known, object{words[1], words[0]})
		}
	}
	return known, nil
}
