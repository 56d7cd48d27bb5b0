package gitobj

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"keycare/credfile/copies"
)

// lfs is where Git LFS keeps the contents of large files, of which Git itself has
// pointers. Its own pre-push hook sends them to a server.
type lfs struct{ store string }

const (
	// mostPointer is the size below which every pointer is. Source: the specification
	// of Git LFS, "The Pointer".
	mostPointer  = 1024
	pointerBegin = "version https://git-lfs.github.com/spec/"
	pointerHash  = "oid sha256:"
)

// scan looks into a blob and, where that is a pointer, into what it points to, if that
// is on this machine: else it is not new here.
func (l *lfs) scan(ctx context.Context, c *Changes, s *copies.Scanner, o *content, how copies.Unpack) error {
	if err := o.scan(ctx, s, true, how); err != nil || o.size >= mostPointer {
		return err
	}
	id := pointsTo(o.whole)
	if id == "" {
		return nil
	}
	path := l.path(ctx, c, id)
	fi, err := os.Stat(path)
	if err != nil || !fi.Mode().IsRegular() {
		return nil // it was never here, or was cleared away after a push
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return (&content{kind: o.kind, size: fi.Size(), body: f}).scan(ctx, s, true, how)
}

// pointsTo is the hash in a pointer; empty where it is none.
func pointsTo(text []byte) string {
	if !bytes.HasPrefix(text, []byte(pointerBegin)) {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		id, ok := strings.CutPrefix(strings.TrimSpace(line), pointerHash)
		if ok && len(id) == 64 && strings.Trim(id, "0123456789abcdef") == "" {
			return id
		}
	}
	return ""
}

func (l *lfs) path(ctx context.Context, c *Changes, id string) string {
	if l.store == "" {
		l.store = filepath.Join(commonDir(c.Dir), "lfs")
		if own, err := c.output(ctx, nil, "config", "--get", "lfs.storage"); err == nil { // else it is not set
			if l.store = strings.TrimSpace(own); !filepath.IsAbs(l.store) {
				l.store = filepath.Join(commonDir(c.Dir), l.store)
			}
		}
	}
	return filepath.Join(l.store, "objects", id[:2], id[2:4], id)
}
