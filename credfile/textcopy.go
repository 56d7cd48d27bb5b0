package credfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// Copy is a text file beside the shared files in which a key stands as it is
// (.env, rclone.conf, JSON, YAML): a rotation changes it along with them. What
// else is in it is nobody's business: only bytes that are a key's are known.
type Copy struct {
	Path string
	Text string
	// Err says why it could not be read; then nothing is known about it.
	Err error
}

// MaxCopy is the largest copy that is edited, in bytes.
const MaxCopy = 16 << 20

// loadCopies reads the copies that p names. One that cannot be read is no failure
// of the others.
func loadCopies(d disk.FS, p Paths) []Copy {
	var all []Copy
	for _, path := range p.Copies {
		text, err := ReadCopy(d, path)
		all = append(all, Copy{path, text, err})
	}
	return all
}

// noFile says that there is no file of a name; it is an fs.ErrNotExist.
type noFile string

func (f noFile) Error() string   { return "there is no file " + string(f) }
func (noFile) Is(err error) bool { return err == fs.ErrNotExist }

// ReadCopy reads a text file that holds a copy of a key.
func ReadCopy(d disk.FS, path string) (string, error) {
	fi, err := d.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", noFile(path)
	case err != nil:
		return "", fmt.Errorf("cannot read %s: %w", path, err)
	case !fi.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a regular file", path)
	case fi.Size() > MaxCopy:
		return "", fmt.Errorf("%s has %d MB, and keycare edits copies of at most %d MB", path, fi.Size()>>20, MaxCopy>>20)
	}
	b, err := d.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %w", path, err)
	}
	if bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b) {
		return "", fmt.Errorf("%s is not a text file in UTF-8", path)
	}
	return string(b), nil
}

// Holds reports whether the ID and the secret of p stand in the copy. An empty
// secret stands nowhere.
func (c *Copy) Holds(p Pair) (id, secret bool) {
	return p.ID != "" && strings.Contains(c.Text, p.ID), !p.Secret.Empty() && strings.Contains(c.Text, p.Secret.Reveal())
}

// lines are the lines, counted from 1, in which text stands.
func (c *Copy) lines(text string) (lines []int) {
	n, counted := 1, 0
	for _, at := range everywhere(c.Text, text) {
		n += strings.Count(c.Text[counted:at], "\n")
		if counted = at; len(lines) == 0 || lines[len(lines)-1] != n {
			lines = append(lines, n)
		}
	}
	return lines
}

// everywhere is where text stands in s.
func everywhere(s, text string) (at []int) {
	for from := 0; text != ""; {
		i := strings.Index(s[from:], text)
		if i < 0 {
			break
		}
		at = append(at, from+i)
		from += i + len(text)
	}
	return at
}

// edits are those that put sw.To wherever a part of a pair of sw.From stands. One
// that is a part of a longer word is something else, or in a form that would have
// to be written anew.
func (c *Copy) edits(sw Swap) (all []edit, err error) {
	if c.Err != nil {
		return nil, c.Err
	}
	for _, old := range sw.From {
		for _, part := range []struct{ old, new, letters string }{
			{old.ID, sw.To.ID, ""}, {old.Secret.Reveal(), sw.To.Secret.Reveal(), "+/"},
		} {
			if part.old == part.new {
				continue
			}
			for _, at := range everywhere(c.Text, part.old) {
				if end := at + len(part.old); at > 0 && wordByte(c.Text[at-1], part.letters) || end < len(c.Text) && wordByte(c.Text[end], part.letters) {
					return nil, fmt.Errorf("%s:%d: key %s or its secret is there within a longer word, which keycare does not edit", c.Path, 1+strings.Count(c.Text[:at], "\n"), show.KeyID(old.ID))
				}
				all = append(all, edit{Span{at, at + len(part.old)}, part.new})
			}
		}
	}
	return all, nil
}

func wordByte(c byte, more string) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(more, c) >= 0
}

// swapped is the text of the copy with the swap made, proved: the old values can
// be put back, and none of them is left. changed is false where nothing of the old
// pairs stands there.
func (c *Copy) swapped(sw Swap) (after string, changed bool, err error) {
	edits, err := c.edits(sw)
	if err != nil || len(edits) == 0 {
		return c.Text, false, err
	}
	if after, err = applyEdits(c.Text, edits); err != nil {
		return "", false, fmt.Errorf("%s: %w (a bug; nothing was changed)", c.Path, err)
	}
	if back, err := undoEdits(after, c.Text, edits); err != nil || back != c.Text {
		return "", false, fmt.Errorf("%s: the edit cannot be taken back byte for byte (a bug; nothing was changed)", c.Path)
	}
	for _, old := range sw.From {
		id, secret := (&Copy{Text: after}).Holds(old)
		if id && old.ID != sw.To.ID || secret && !old.Secret.Equal(sw.To.Secret) {
			return "", false, fmt.Errorf("%s: key %s would still be there after the edit (a bug; nothing was changed)", c.Path, show.KeyID(old.ID))
		}
	}
	return after, true, nil
}

// copyChange is a copy that a plan changes.
type copyChange struct {
	Copy
	after string
}

// editCopies plans the swap for the copies. One that cannot be read bars it: what
// is not known cannot be changed along.
func (p *Plan) editCopies() error {
	for _, c := range p.Before.Copies {
		after, changed, err := c.swapped(p.Swap)
		if err != nil {
			return err
		}
		if changed {
			p.copies = append(p.copies, copyChange{c, after})
		}
	}
	return nil
}

// Copies are the paths of the copies that the plan changes.
func (p *Plan) Copies() (paths []string) {
	for _, c := range p.copies {
		paths = append(paths, c.Path)
	}
	return paths
}

// onto makes the swap on a text that somebody wrote meanwhile.
func (c copyChange) onto(sw Swap) func(string) (string, bool) {
	return func(late string) (string, bool) {
		after, changed, err := (&Copy{Path: c.Path, Text: late}).swapped(sw)
		return after, changed && err == nil
	}
}
