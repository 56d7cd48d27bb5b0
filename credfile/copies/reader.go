package copies

import (
	"bytes"
	"cmp"
	"context"

	"keycare/credfile/sorting"
)

// skipError ends the scan of a file that is not looked into any further; without a
// reason it is an archive that is opened.
type skipError struct{ reason Reason }

func (e *skipError) Error() string { return string(e.reason) }

// reader reads a file once from its start, passing over holes. What the file is shows
// in the first bytes.
type reader struct {
	*worker
	dir    string
	name   string
	file   rawFile
	begun  bool
	holes  bool
	binary bool // lines mean nothing to a person
	kind   kind
}

func (r *reader) path() string { return within(r.dir, r.name) }

func (r *reader) Read(p []byte) (n int, err error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	if r.holes {
		if err := r.file.pastHole(); err != nil {
			return 0, err
		}
	}
	n, err = r.file.Read(p)
	r.c.count.Bytes.Add(int64(n))
	if r.begun {
		return n, err
	}
	r.begun = true
	r.kind = kindOf(p[:n])
	r.binary = bytes.IndexByte(p[:min(n, 4096)], 0) >= 0 && !looksWide(p[:n])
	if n == len(p) || r.kind.opened() {
		size, holes, statErr := r.file.size()
		if statErr != nil {
			return n, statErr
		}
		r.holes = holes
		if r.kind == media && size > 1<<20 && !r.o.Deep {
			return 0, &skipError{Media}
		}
		if r.kind.opened() && r.o.Archives {
			switch {
			case size <= smallArchive || size <= bigArchive && likelyArchive(r.path()) || r.o.Deep:
				return 0, &skipError{}
			case size > bigArchive:
				r.skip(BigArchive, r.path())
			default:
				r.skip(FarArchive, r.path())
			}
		}
	}
	switch {
	case !r.o.Archives:
	case r.kind == oddArchive:
		r.skip(OddArchive, r.path())
	case r.kind == pdf:
		r.skip(PDFText, r.path())
	}
	return n, err
}

// farLines finds the lines of what was found beyond the first buffer of a file, which
// are not counted on the way.
func (g *Gather) farLines(path string) {
	var far []*Copy
	for i := range g.copies {
		if g.copies[i].Line == 0 {
			far = append(far, &g.copies[i])
		}
	}
	if len(far) == 0 {
		return
	}
	sorting.By(far, func(a, b *Copy) int { return cmp.Compare(a.off, b.off) })
	f, err := openFile(path)
	if err != nil {
		return // it stays without a line
	}
	defer f.Close()
	buf := make([]byte, bufferSize)
	line, at := 1, int64(0)
	for len(far) > 0 {
		n, err := f.Read(buf)
		for len(far) > 0 && far[0].off < at+int64(n) {
			far[0].Line = line + bytes.Count(buf[:far[0].off-at], []byte{'\n'})
			far = far[1:]
		}
		line, at = line+bytes.Count(buf[:n], []byte{'\n'}), at+int64(n)
		if err != nil {
			return
		}
	}
}

const (
	smallArchive = 16 << 20
	bigArchive   = 100 << 20
)
