package copies

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"io"
)

// kind is what a file is by its first bytes.
type kind int

const (
	other kind = iota
	zipFile
	gzipFile
	bzip2File
	tarFile
	oddArchive
	pdf
	media
)

func (k kind) opened() bool { return k >= zipFile && k <= tarFile }

// kindOf tells by the first bytes of a file. Names say nothing: a document is a zip
// file, too.
func kindOf(b []byte) kind {
	starts := func(s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }
	switch {
	case len(b) < 4:
	case starts("PK\x03\x04"), starts("Cr24"): // the latter is an extension of a browser
		return zipFile
	case starts("\x1f\x8b\x08"):
		return gzipFile
	case starts("BZh") && len(b) > 10 && string(b[4:10]) == "1AY&SY":
		return bzip2File
	case len(b) >= 262 && string(b[257:262]) == "ustar":
		return tarFile
	case starts("7z\xbc\xaf\x27\x1c"), starts("Rar!\x1a\x07"), starts("\xfd7zXZ\x00"), starts("\x28\xb5\x2f\xfd"),
		starts("\x04\x22\x4d\x18"), starts("\x1f\x9d"), starts("LZIP"), starts("MSCF\x00\x00\x00\x00"), starts("!<arch>\ndebian-binary"), starts("\xed\xab\xee\xdb"), starts("hsqs"),
		starts("xar!"), starts("PACK\x00\x00\x00"), starts("# v2 git bundle\n"), starts("# v3 git bundle\n"), // of macOS, and of git
		starts("\x5d\x00\x00") && len(b) > 13 && (b[12] == 0 || b[12] == 0xff) && b[13] == 0: // lzma, and the size of what it holds
		return oddArchive
	case starts("%PDF-"):
		return pdf
	case starts("\xff\xd8\xff"), starts("\x89PNG"), starts("GIF8"), starts("ID3"), starts("OggS"), starts("\x1aE\xdf\xa3"), starts("fLaC"),
		starts("RIFF") && len(b) > 12 && (string(b[8:12]) == "WAVE" || string(b[8:12]) == "AVI " || string(b[8:12]) == "WEBP"),
		len(b) > 12 && string(b[4:8]) == "ftyp":
		return media
	}
	return other
}

// bounds are those of what is unpacked.
type bounds struct {
	depth   int   // a folder of files counts two, a compression one
	member  int64 // bytes
	unpack  int64 // of one file on the disk
	members int
	nested  int64 // a zip file in an archive, which has to be in memory
}

var usualBounds = bounds{depth: 6, member: 256 << 20, unpack: 1 << 30, members: 100_000, nested: 64 << 20}

// Unpack is how the keys in an archive are told.
type Unpack struct {
	Hit    func(Hit)
	Member func(name string) // after the hits of one member, which may be none
	Skip   func(Reason)      // of what is not looked at, once for each reason
	Count  *Counter
}

// unpacking is the work on one archive.
type unpacking struct {
	Unpack
	ctx     context.Context
	scanner *Scanner
	bounds  bounds
	left    int64
	members int
	told    map[Reason]bool
}

func newUnpacking(ctx context.Context, s *Scanner, b bounds, how Unpack) *unpacking {
	return &unpacking{Unpack: how, ctx: ctx, scanner: s, bounds: b, left: b.unpack, told: make(map[Reason]bool)}
}

func (u *unpacking) skip(r Reason) {
	if !u.told[r] {
		u.told[r] = true
		u.Skip(r)
	}
}

var errBound = errors.New("the bound of what is unpacked")

func (w *worker) openArchive(path string, k kind, f rawFile) {
	size, _, err := f.size()
	if err != nil {
		return
	}
	u := newUnpacking(w.ctx, w.scanner, w.o.bounds, Unpack{w.hit, func(name string) { w.done(path, name) }, func(r Reason) { w.skip(r, path) }, w.c.count})
	u.whole(k, io.NewSectionReader(f, 0, size), size)
}

// whole looks into an archive, and if it is a zip file that cannot be read into what is
// there as it is.
func (u *unpacking) whole(k kind, all *io.SectionReader, size int64) {
	err := u.open("", k, all, size, 1)
	if err == nil {
		return
	}
	u.judge(err)
	if _, seekErr := all.Seek(0, io.SeekStart); k == zipFile && !errors.Is(err, errBound) && seekErr == nil {
		_, _ = u.scanner.Scan(all, u.Hit)
		u.Member("")
	}
}

// MostPacked is the size to which an archive in memory is looked into.
const MostPacked = smallArchive

// Packed tells from the first 512 bytes whether Archive looks into a text, and else why
// not all that is in it can be read; the reason is empty if it can.
func Packed(head []byte) (archive bool, unread Reason) {
	switch k := kindOf(head); {
	case k.opened():
		return true, ""
	case k == oddArchive:
		return false, OddArchive
	case k == pdf:
		return false, PDFText
	}
	return false, ""
}

// Archive looks for keys in an archive that is in memory.
func (s *Scanner) Archive(ctx context.Context, b []byte, how Unpack) {
	bounds := usualBounds
	bounds.unpack = bounds.member // a history may have many versions of one
	u := newUnpacking(ctx, s, bounds, how)
	u.whole(kindOf(b), io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), int64(len(b)))
}

// judge says why an archive was not looked at to its end.
func (u *unpacking) judge(err error) {
	switch {
	case err == nil || u.ctx.Err() != nil:
	case errors.Is(err, errBound):
		u.skip(CutArchive)
	case errors.Is(err, zip.ErrAlgorithm):
		u.skip(OddArchive)
	default:
		u.skip(BadArchive)
	}
}

// open looks into an archive, which stands at that depth.
func (u *unpacking) open(inner string, k kind, r io.Reader, size int64, depth int) error {
	if k == zipFile || k == tarFile {
		depth++
	}
	if depth > u.bounds.depth {
		u.skip(DeepArchive)
		return nil
	}
	switch k {
	case zipFile:
		at, ok := r.(io.ReaderAt)
		if !ok {
			b, err := io.ReadAll(io.LimitReader(r, u.bounds.nested+1))
			if err != nil {
				return err
			}
			if int64(len(b)) > u.bounds.nested {
				u.skip(BigArchive)
				return nil
			}
			at, size = bytes.NewReader(b), int64(len(b))
		}
		return u.zip(inner, at, size, depth)
	case gzipFile:
		z, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		return u.member(inner, z, depth)
	case bzip2File:
		return u.member(inner, bzip2.NewReader(r), depth)
	}
	return u.tar(inner, r, depth)
}

// bzip2Method is the number of a method of compression in zip files. Source: PKWARE,
// APPNOTE 4.4.5.
const bzip2Method = 12

func (u *unpacking) zip(inner string, r io.ReaderAt, size int64, depth int) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	z.RegisterDecompressor(bzip2Method, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	for _, f := range z.File {
		if f.Flags&1 != 0 {
			u.skip(Encrypted)
			continue
		}
		if !f.Mode().IsRegular() {
			continue
		}
		m, err := f.Open()
		if err != nil {
			u.judge(err)
			continue
		}
		err = u.member(join(inner, f.Name), m, depth)
		m.Close()
		if errors.Is(err, errBound) {
			return err
		}
		u.judge(err)
		if u.ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// tar looks into a tar file, and into what stands behind its end: some are several, one
// after another.
func (u *unpacking) tar(inner string, r io.Reader, depth int) error {
	b := bufio.NewReaderSize(r, tarBlock)
	for {
		err := u.oneTar(inner, b, depth)
		for err == nil && u.ctx.Err() == nil {
			var block []byte
			if block, err = b.Peek(tarBlock); len(block) == 0 && errors.Is(err, io.EOF) {
				return nil
			}
			if len(bytes.Trim(block, "\x00")) > 0 {
				if kindOf(block) == tarFile {
					break
				}
				return u.member(inner, b, depth)
			}
			_, err = b.Discard(len(block))
		}
		if err != nil || u.ctx.Err() != nil {
			return err
		}
	}
}

func (u *unpacking) oneTar(inner string, r io.Reader, depth int) error {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF), u.ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse:
			continue
		}
		if err := u.member(join(inner, h.Name), t, depth); err != nil {
			return err
		}
	}
}

const tarBlock = 512

// MemberMark stands between the name of an archive and that of what is in it.
const MemberMark = " › "

func join(inner, name string) string {
	if inner == "" {
		return name
	}
	return inner + MemberMark + name
}

// member looks at one member of an archive: what it holds, if it is an archive too.
func (u *unpacking) member(name string, r io.Reader, depth int) error {
	if u.members++; u.members > u.bounds.members {
		return errBound
	}
	b := bufio.NewReaderSize(&bounded{u: u, r: r, left: u.bounds.member}, 4096)
	head, err := b.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch k := kindOf(head); {
	case k.opened():
		return u.open(name, k, b, 0, depth+1)
	case k == oddArchive:
		u.skip(OddArchive)
	case k == pdf:
		u.skip(PDFText)
	}
	u.Count.Files.Add(1)
	_, err = u.scanner.Scan(b, u.Hit)
	u.Member(name)
	return err
}

// bounded reads a member as far as the bounds allow.
type bounded struct {
	u    *unpacking
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	switch {
	case b.u.ctx.Err() != nil:
		return 0, context.Cause(b.u.ctx)
	case b.left <= 0:
		b.u.skip(CutArchive)
		return 0, io.EOF
	case b.u.left <= 0:
		return 0, errBound
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	b.u.left -= int64(n)
	b.u.Count.Bytes.Add(int64(n))
	return n, err
}
