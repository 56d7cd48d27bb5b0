package rotate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/copies/gitobj"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// This file is about copies of a key in text files that are changed along with the
// shared files.

// locateCopies are the copies that a run may change, as absolute paths, each file
// once. Those of the settings that are not there are left out.
func (rot *Rotator) locateCopies() (paths []string) {
	var seen []os.FileInfo // not paths: a mount, or a file system that takes capitals for small letters, gives a file two
	for _, path := range []string{rot.Paths.Credentials, rot.Paths.Config} {
		if fi, err := rot.Disk.Stat(path); err == nil {
			seen = append(seen, fi)
		}
	}
	for _, path := range slices.Concat(rot.Copies, rot.KnownCopies) {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		fi, err := rot.Disk.Stat(path)
		if err != nil && !slices.Contains(rot.Copies, path) || slices.Contains(paths, path) {
			continue
		}
		if err == nil && slices.ContainsFunc(seen, func(s os.FileInfo) bool { return os.SameFile(s, fi) }) {
			continue
		}
		if paths = append(paths, path); err == nil {
			seen = append(seen, fi)
		}
	}
	return paths
}

// real is a path with its links resolved, where it is there.
func (rot *Rotator) real(path string) string {
	if r, err := rot.Disk.EvalSymlinks(path); err == nil {
		return r
	}
	return path
}

// copiesFit refuses a copy that a person named and that holds none of the keys: it
// is another file than the one that was meant, or holds a third key.
func (rot *Rotator) copiesFit(files *keyFiles, todo []*keyTask) error {
	var pairs []credfile.Pair
	var ids []string
	for _, b := range todo {
		if t, err := files.key(b.profile); err == nil {
			pairs, ids = append(pairs, t.pair), append(ids, t.pair.ID)
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	for _, path := range rot.Copies {
		text, err := credfile.ReadCopy(rot.Disk, path)
		if err != nil {
			return refuse("nothing was changed: %v", err)
		}
		if !slices.ContainsFunc(pairs, func(p credfile.Pair) bool { return len(formsIn(text, p)) > 0 }) {
			return refuse("nothing was changed: %s does not hold key %s", path, strings.Join(ids, " or "))
		}
	}
	return nil
}

// formsIn are the places of a pair in a text, in every form.
func formsIn(text string, p credfile.Pair) (hits []copies.Hit) {
	m := copies.NewMatcher([]copies.Key{{ID: p.ID, Secret: p.Secret, State: copies.Current}}, copies.Options{})
	copies.NewScanner(m).Bytes([]byte(text), func(h copies.Hit) {
		if h.Key == 0 {
			hits = append(hits, h)
		}
	})
	return hits
}

// copiesOf are the copies of the target's key, or why one of them cannot be
// changed. Nothing is decided on what is in another form: it would have to be
// written anew, and nobody knows by which rules.
func (rot *Rotator) copiesOf(t *keyTarget) (paths []string, err error) {
	w := &credfile.Writer{Disk: rot.Disk, Tag: probeTag}
	for i := range t.set.Copies {
		c := &t.set.Copies[i]
		if c.Err != nil {
			return nil, &Refused{c.Err.Error()}
		}
		hits := formsIn(c.Text, t.pair)
		if len(hits) == 0 {
			continue
		}
		for _, h := range hits {
			if h.Form != copies.Plain {
				return nil, refuse("%s:%d holds key %s in another form (%s), which keycare does not edit. Leave the file out, and change it by hand", c.Path, h.Line, t.pair.ID, h.Form)
			}
		}
		switch id, secret := c.Holds(t.pair); {
		case !id || !secret:
			have, lacks := "ID", "secret"
			if !id {
				have, lacks = lacks, have
			}
			return nil, refuse("%s:%d holds the %s of key %s, but not its %s. Leave the file out, and change it by hand", c.Path, hits[0].Line, have, t.pair.ID, lacks)
		case inURL(c.Text, t.pair.Secret.Reveal()):
			return nil, refuse("%s holds the secret of key %s within a URL, where a new one may have to be written otherwise. Leave the file out, and change it by hand", c.Path, t.pair.ID)
		}
		if err := w.Check(c.Path); err != nil {
			return nil, err
		}
		if err := rot.mayEditCopy(c.Path); err != nil {
			return nil, err
		}
		paths = append(paths, c.Path)
	}
	return paths, nil
}

// inURL reports whether a secret without + and / stands where these would have to
// be escaped: in a URL.
func inURL(text, secret string) bool {
	if strings.ContainsAny(secret, "+/") {
		return false
	}
	for before, rest, found := strings.Cut(text, secret); found; before, rest, found = strings.Cut(rest, secret) {
		word := before[strings.LastIndexAny(before, " \t\r\n\"'`")+1:]
		if strings.Contains(word, "://") || strings.HasPrefix(rest, "@") || strings.HasPrefix(rest, "&") || isParameter(word) {
			return true
		}
	}
	return false
}

// isParameter reports whether a word ends as a query does before a value: in ?name= or
// &name=. In a shell the latter is two of them.
func isParameter(word string) bool {
	name, ok := strings.CutSuffix(word, "=")
	at := strings.LastIndexAny(name, "?&;")
	return ok && at >= 0 && at < len(name)-1 && name[at] != ';' && !strings.HasSuffix(name[:at+1], "&&")
}

// mayEditCopy refuses a file of keycare's own, and one that Git tracks: the new
// secret would go into the next commit.
func (rot *Rotator) mayEditCopy(path string) error {
	if strings.ContainsFunc(path, unicode.IsControl) || !utf8.ValidString(path) {
		return refuse("%s: the name has characters that cannot be written down. Rename the file or leave it out", show.Flow(path))
	}
	if rel, err := filepath.Rel(rot.real(rot.State.Dir), rot.real(path)); err == nil && filepath.IsLocal(rel) {
		return refuse("%s is in keycare's own folder", path)
	}
	if rot.Tracked {
		return nil
	}
	switch tracked, err := gitobj.Tracked(path); {
	case err != nil:
		return refuse("%s lies in a Git work tree, and Git does not say whether it is tracked (%v). To change it all the same, pass --allow-tracked", path, err)
	case tracked:
		return refuse("%s is tracked by Git, so the new secret would go into the next commit. To change it all the same, pass --allow-tracked", show.Flow(path))
	}
	return nil
}

// probeCopies proves that each copy can be replaced, before a key is made. What it
// leaves when it is killed is found by the journal.
func (r *cycle) probeCopies(ctx context.Context) error {
	r.files.Lock()
	defer r.files.Unlock()
	for _, path := range r.j.Paths.Copies {
		fi, err := r.Disk.Stat(path)
		if err == nil {
			err = r.writer.Probe(path, int(fi.Size())+256)
		}
		if err == nil {
			err = r.writer.Rehearse(ctx, path)
		}
		if err != nil {
			return fmt.Errorf("%s cannot be replaced, so no key is made: %w", path, err)
		}
	}
	return nil
}

// copyState is what a copy holds, like stateOf: by ID alone where a secret is not
// known any more.
func (r *cycle) copyState(c *credfile.Copy) filesState {
	if c.Err != nil || c.Text == "" {
		return filesDoubtful
	}
	oldID, oldSecret := c.Holds(credfile.Pair{ID: r.j.Old, Secret: r.old.Secret})
	newID, newSecret := c.Holds(credfile.Pair{ID: r.newID(), Secret: r.fresh.Secret})
	knowOld, knowNew := !r.old.Secret.Empty(), !r.fresh.Secret.Empty()
	switch {
	case oldID && !newID && !newSecret && (oldSecret || !knowOld):
		return filesOld
	case newID && !oldID && !oldSecret && (newSecret || !knowNew):
		return filesNew
	case (oldID || oldSecret) && (newID || newSecret), oldSecret, newSecret, oldID && newID:
		return filesMixed
	}
	return filesForeign // neither, or an ID with a secret of somebody else's
}

// copiesGone reports whether a copy that a person removed does not count: a person
// asked to go back.
func (r *cycle) copyGone(c *credfile.Copy) bool { return r.j.UndoAsked && missing(c) }

func missing(c *credfile.Copy) bool { return errors.Is(c.Err, os.ErrNotExist) }

// presentPaths are the journal's, without the copies that do not count any more.
func (r *cycle) presentPaths() credfile.Paths {
	paths := r.j.Paths
	paths.Copies = slices.DeleteFunc(slices.Clone(paths.Copies), func(path string) bool {
		_, err := credfile.ReadCopy(r.Disk, path)
		return r.copyGone(&credfile.Copy{Path: path, Err: err})
	})
	return paths
}

// copyWhy says in which way a copy is not as it should be.
func (r *cycle) copyWhy(c *credfile.Copy, s filesState) error {
	if s == filesForeign {
		return fmt.Errorf("the copy %s holds neither the old key nor the new one", c.Path)
	}
	if c.Err != nil {
		return fmt.Errorf("the copy %w", c.Err)
	}
	return fmt.Errorf("the copy %s is empty", c.Path)
}

// countMissed notes the copies that bar a run which stops: after two such runs a
// person may give them up.
func (r *cycle) countMissed() error {
	if s := r.seen.Files; len(r.j.Paths.Copies) == 0 || s != filesDoubtful && s != filesForeign {
		return nil
	}
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return nil // not a copy's fault
	}
	for i := range set.Copies {
		c := &set.Copies[i]
		if s := r.copyState(c); s == filesForeign || s == filesDoubtful {
			if r.j.Missed == nil {
				r.j.Missed = map[string]int{}
			}
			r.j.Missed[c.Path]++
		}
	}
	if len(r.j.Missed) == 0 {
		return nil
	}
	return r.State.Save(r.j)
}

// missedEnough is in how many runs a copy was not as it should be before a person
// may give it up.
const missedEnough = 2

// mayDrop says what bars giving a copy up.
func (r *cycle) mayDrop(path string) string {
	text, err := credfile.ReadCopy(r.Disk, path)
	c := &credfile.Copy{Path: path, Text: text, Err: err}
	switch s := r.copyState(c); {
	case s != filesForeign && s != filesDoubtful:
		return fmt.Sprintf("the copy %s is there, and holds a key of this rotation", path)
	case r.j.Missed[path] < missedEnough:
		return fmt.Sprintf("the copy %s was found wrong by %s so far: put it back, or run \"keycare resume\" again first", path, show.Count(r.j.Missed[path], "run"))
	}
	return ""
}

// dropCopy gives a copy up at a person's word.
func (r *cycle) dropCopy(path string) error {
	if why := r.mayDrop(path); why != "" {
		return refusedHalf(r.j, flagDropCopy, why, nil)
	}
	r.j.Paths.Copies = slices.DeleteFunc(slices.Clone(r.j.Paths.Copies), func(p string) bool { return p == path })
	r.j.Dropped = append(r.j.Dropped, path)
	delete(r.j.Missed, path)
	return r.State.Save(r.j)
}

// dropNamed is the copy of the journal that a person named to give up; empty where
// it is none of it.
func (rot *Rotator) dropNamed(j *state.Journal) string {
	return rot.copyNamed(j.Paths.Copies)
}

func (rot *Rotator) copyNamed(paths []string) string {
	abs, err := filepath.Abs(rot.DropCopy)
	if rot.DropCopy == "" || err != nil {
		return ""
	}
	if i := slices.IndexFunc(paths, func(p string) bool { return p == abs || rot.real(p) == rot.real(abs) }); i >= 0 {
		return paths[i]
	}
	return ""
}

// dropsNone refuses to give up a file that is no copy of these rotations.
func (rot *Rotator) dropsNone(js []*state.Journal) error {
	if rot.DropCopy == "" || slices.ContainsFunc(js, func(j *state.Journal) bool {
		return rot.copyNamed(slices.Concat(j.Paths.Copies, j.Dropped)) != ""
	}) {
		return nil
	}
	var all []string
	for _, j := range js {
		all = append(all, j.Paths.Copies...)
	}
	if len(all) == 0 {
		return refuse("--drop-copy: no unfinished rotation has copies")
	}
	return refuse("--drop-copy: %s is not a copy of an unfinished rotation; these are: %s", rot.DropCopy, strings.Join(all, ", "))
}
