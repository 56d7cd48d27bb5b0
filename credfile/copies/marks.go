package copies

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Marks let a walk pass over files that an earlier walk of the same places looked into
// and that did not change since. A mark is a number made of a file's path, device,
// inode, size and times, of which the time of the last change (ctime) cannot be set by
// a program. It tells nothing about what is in the file.
type Marks struct {
	// Began is when the walk begins. Of a file that changed shortly before, no mark is
	// made, for it may change once more without a sign of it.
	Began time.Time
	// Earlier are the marks that an earlier walk made, and Kept what it found.
	Earlier []uint64
	Kept    []Copy
	// Cut are those of files of which not all was looked at, by the reason.
	Cut map[Reason][]uint64
	// Since is when the oldest of the keys was made that the earlier walk did not look
	// for. It may stand in what changed at this time or later, which is read. If it is
	// zero, there is no such key.
	Since time.Time

	mu     sync.Mutex
	made   []uint64
	cut    map[Reason][]uint64
	passed int64
	known  map[uint64][]Reason
	kept   map[string][]Copy
}

// lasting are the reasons that hold as long as a file does not change.
var lasting = []Reason{Media, BigArchive, FarArchive, OddArchive, PDFText, BadArchive, Encrypted, DeepArchive, CutArchive}

// settled is how long before a walk a file must have changed last: what a program
// writes by way of memory may be dated half a minute late.
const settled = 10 * time.Minute

func (m *Marks) begin() {
	m.known, m.kept, m.cut = make(map[uint64][]Reason, len(m.Earlier)), make(map[string][]Copy), make(map[Reason][]uint64)
	for _, n := range m.Earlier {
		m.known[n] = nil
	}
	for reason, all := range m.Cut {
		for _, n := range all {
			if before, ok := m.known[n]; ok {
				m.known[n] = append(before, reason)
			}
		}
	}
	for _, c := range m.Kept {
		if !c.Git {
			m.kept[c.Path] = append(m.kept[c.Path], c)
		}
	}
}

// Made are the marks of the walk, in no order that tells anything, and those of them of
// files that were not looked at to their end. Passed counts the files that were passed
// over.
func (m *Marks) Made() (all []uint64, cut map[Reason][]uint64, passed int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.made)
	for _, c := range m.cut {
		slices.Sort(c)
	}
	return m.made, m.cut, m.passed
}

// mark is that of a file, and when it changed last.
type mark struct {
	number  uint64
	changed time.Time
}

// numbers are those of a file that a mark is made of.
type numbers struct {
	device, inode, size uint64
	modified, changed   time.Time
}

func markOf(dir, name string, n numbers, room []byte) (mark, []byte) {
	b := append(append(append(room[:0], dir...), 0), name...)
	for _, v := range []uint64{n.device, n.inode, n.size, uint64(n.modified.UnixNano()), uint64(n.changed.UnixNano())} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	sum := sha256.Sum256(b)
	changed := n.changed
	if n.modified.After(changed) {
		changed = n.modified
	}
	return mark{binary.LittleEndian.Uint64(sum[:]), changed}, b
}

// passes reports whether the file need not be read.
func (m *Marks) passes(k mark) bool {
	_, known := m.known[k.number]
	return known && (m.Since.IsZero() || k.changed.Before(m.Since))
}

// keep remembers that a file was looked into, as far as the reasons let it be.
func (m *Marks) keep(k mark, cut []Reason) {
	if !k.changed.Before(m.Began.Add(-settled)) || slices.ContainsFunc(cut, func(r Reason) bool { return !slices.Contains(lasting, r) }) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made = append(m.made, k.number)
	for _, r := range cut {
		m.cut[r] = append(m.cut[r], k.number)
	}
}

// passOver takes what an earlier walk found in a file that did not change.
func (w *worker) passOver(path string, k mark) {
	m := w.o.Marks
	for _, c := range m.kept[path] {
		c.Judge(w.c.m.keys, w.c.accounts)
		c.Exposed = othersCanRead(path) // by the folders above it too
		w.c.Add(c)
	}
	w.c.count.Files.Add(1)
	for _, r := range m.known[k.number] {
		w.c.Skip(r, path)
	}
	m.mu.Lock()
	m.passed++
	m.mu.Unlock()
	m.keep(k, m.known[k.number])
}

// tellable reports whether copies can be kept and found again: not if their names are
// shown in another way than they are.
func (c *Collector) tellable(all []Copy) bool {
	clean := c.redactor()
	for _, one := range all {
		if !utf8.ValidString(one.Path) || !utf8.ValidString(one.Inner) || clean.Replace(one.Path) != one.Path {
			return false
		}
	}
	return true
}
