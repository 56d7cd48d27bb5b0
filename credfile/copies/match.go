package copies

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"keycare/credfile"
)

// Options says what a Matcher looks for beside the keys it is given.
type Options struct {
	// Others asks for the IDs of all other keys too, plain and in UTF-16, and for API
	// keys for Amazon Bedrock.
	Others bool
	// Unlikely is for texts that are known to be about keys: IDs and secrets that look
	// made up are taken for real ones there. API keys are not looked for.
	Unlikely bool
}

// Matcher looks for keys in bytes. It does not change, and any number of Scanners
// may use it at the same time.
//
// It looks at four bytes at every step-th place only. The step is such that at
// least one of these looks falls into each occurrence of a core; a filter, by a hash
// of the four bytes, says whether it may be one. No look waits for what the one
// before it found. Looks that hit are compared byte by byte.
type Matcher struct {
	keys   []Key
	own    map[string]int
	others bool
	any    bool // IDs that look made up too
	step   int
	reach  int // how far an occurrence, and what is near it, may reach
	shift  uint
	filter []uint64
	second []uint64 // the filter by another hash, for what many texts have passes one by chance
	grams  []uint32 // by hash, each in its slot or the next free one; 0 is none
	first  []int32  // of the places of the gram in a slot
	places []place  // by their gram
}

// place is where in a core four bytes stand. No core has four zeros.
type place struct {
	gram uint32
	at   int
	core *core
}

const (
	hashFactor = 0x9E3779B1
	hashSecond = 0x85EBCA77
	nearBytes  = 350 // how far a secret may be from its ID
	nearLines  = 5
)

// NewMatcher returns a matcher of the keys. A secret of less than 16 characters is
// not looked for.
func NewMatcher(keys []Key, o Options) *Matcher {
	m := &Matcher{keys: slices.Clone(keys), own: make(map[string]int, len(keys)), others: o.Others, any: o.Unlikely, step: leastCore - gram + 1}
	var needles []*needle
	for i, k := range keys {
		m.own[k.ID] = i
		for _, n := range needlesOf(i, k) {
			needles = append(needles, &n)
		}
	}
	var cores []core
	longest := 2 * nearBytes
	for _, n := range needles {
		cores = append(cores, n.cores(m.step)...)
		size := 0
		for i := range len(n.text) {
			if size += 1; !letter(n.text[i]) {
				size += mostEscape
			}
		}
		if n.breaks {
			size += mostBreaks * mostBreak
		}
		longest = max(longest, size*n.unit)
	}
	if o.Others && !o.Unlikely {
		cores = append(cores, apiKeyCore())
		longest = max(longest, mostAPIKey)
	}
	for _, c := range cores {
		m.step = min(m.step, len(c.text)-gram+1)
	}
	m.reach = longest + 64
	m.fill(cores)
	return m
}

// fill makes the filter and the tables behind it. Most of what passes the filter is
// not there: to tell that takes one look into grams, which is small enough for the
// fastest cache.
func (m *Matcher) fill(cores []core) {
	all := make([]place, 0, len(cores)*m.step)
	for i := range cores {
		c := &cores[i]
		// Any stretch of the core would do; that in the middle has the fewest of the
		// characters that many texts have around a key.
		c.window = (len(c.text) - gram + 1 - m.step) / 2
		for at := c.window; at < c.window+m.step; at++ {
			all = append(all, place{gramAt(c.text, at), at, c})
		}
	}
	order := make([]uint64, len(all))
	for i, p := range all {
		order[i] = uint64(p.gram)<<32 | uint64(i)
	}
	slices.Sort(order)
	m.places = make([]place, len(all))
	distinct := 0
	for i, o := range order {
		m.places[i] = all[uint32(o)]
		if i == 0 || m.places[i-1].gram != m.places[i].gram {
			distinct++
		}
	}
	logSize := max(17, bits.Len(uint(distinct*16))) // one bit in 8, or fewer
	m.shift = uint(32 - min(logSize, 26))
	m.filter = make([]uint64, 1<<(32-m.shift)/64)
	m.second = make([]uint64, len(m.filter))
	m.grams = make([]uint32, 2<<bits.Len(uint(distinct)))
	m.first = make([]int32, len(m.grams))
	for i, p := range m.places {
		if i > 0 && m.places[i-1].gram == p.gram {
			continue
		}
		h := p.gram * hashFactor >> m.shift
		m.filter[h/64] |= 1 << (h % 64)
		h = p.gram * hashSecond >> m.shift
		m.second[h/64] |= 1 << (h % 64)
		slot := m.slot(p.gram)
		m.grams[slot], m.first[slot] = p.gram, int32(i)
	}
}

func gramAt(text string, at int) uint32 {
	return uint32(text[at]) | uint32(text[at+1])<<8 | uint32(text[at+2])<<16 | uint32(text[at+3])<<24
}

// slot is where in grams a gram is, or would be.
func (m *Matcher) slot(v uint32) int {
	last := len(m.grams) - 1
	slot := int(v*hashFactor>>5) & last
	for m.grams[slot] != v && m.grams[slot] != 0 {
		slot = (slot + 1) & last
	}
	return slot
}

// Keys are the keys that the indices in hits are about.
func (m *Matcher) Keys() []Key { return m.keys }

// base32 has a one for the characters of key IDs.
var base32 = func() (t [256]uint8) {
	for c := range t {
		if c >= 'A' && c <= 'Z' || c >= '2' && c <= '7' {
			t[c] = 1
		}
	}
	return t
}()

// probe looks at b from place from on, before to, and returns the next place. Where
// there is more of the stream, b must reach m.reach bytes around these places.
func (m *Matcher) probe(b []byte, from, to int, emit func(Hit)) int {
	to = min(to, len(b)-gram+1)
	q := from
	fast := m.step == usualStep && len(m.filter) == usualFilter && m.others
	for q < to {
		if fast {
			q = nextPlace((*[usualFilter]uint64)(m.filter), (*[usualFilter]uint64)(m.second), b, q, to)
		}
		if q < to {
			m.look(b, q, emit)
			q += m.step
		}
	}
	return q
}

const (
	usualStep   = 16
	usualFilter = 1 << 17 / 64
)

// nextPlace is the first place from q on at which a look is worth it, or one from
// which on less than 64 bytes are left before to. Most of the time of a scan that does
// not go into reading goes here. Beside the filter it asks whether all four bytes may
// be of a key ID, that is from '2' to 'Z': for such bytes neither sum has a carry, and
// neither has its highest bit.
func nextPlace(filter, second *[usualFilter]uint64, b []byte, q, to int) int {
	const below, above, high = '2' * 0x01010101, (0x80 - 'Z' - 1) * 0x01010101, 0x80808080
	for ; q+64 <= to; q += 64 {
		w := (*[64]byte)(b[q:])
		v := binary.LittleEndian.Uint32(w[:])
		if h := v * hashFactor >> 15; filter[h/64]&(1<<(h%64)) != 0 && passes(second, v) || ((v-below)|(v+above))&high == 0 {
			return q
		}
		v = binary.LittleEndian.Uint32(w[16:])
		if h := v * hashFactor >> 15; filter[h/64]&(1<<(h%64)) != 0 && passes(second, v) || ((v-below)|(v+above))&high == 0 {
			return q + 16
		}
		v = binary.LittleEndian.Uint32(w[32:])
		if h := v * hashFactor >> 15; filter[h/64]&(1<<(h%64)) != 0 && passes(second, v) || ((v-below)|(v+above))&high == 0 {
			return q + 32
		}
		v = binary.LittleEndian.Uint32(w[48:])
		if h := v * hashFactor >> 15; filter[h/64]&(1<<(h%64)) != 0 && passes(second, v) || ((v-below)|(v+above))&high == 0 {
			return q + 48
		}
	}
	return q
}

// passes reports whether four bytes that passed the filter pass it by the other hash too.
func passes(second *[usualFilter]uint64, v uint32) bool {
	h := v * hashSecond >> 15
	return second[h/64]&(1<<(h%64)) != 0
}

// look looks at one place.
func (m *Matcher) look(b []byte, q int, emit func(Hit)) {
	v := binary.LittleEndian.Uint32(b[q:])
	h := v * hashFactor >> m.shift
	if m.filter[h/64]>>(h%64)&1 != 0 {
		m.compare(b, q, v, emit)
	}
	if m.others && base32[byte(v)]&base32[byte(v>>8)]&base32[byte(v>>16)]&base32[v>>24] != 0 {
		m.other(b, q, emit)
	}
}

func (m *Matcher) compare(b []byte, q int, v uint32, emit func(Hit)) {
	slot := m.slot(v)
	if v == 0 || m.grams[slot] != v {
		return
	}
	for i := int(m.first[slot]); i < len(m.places) && m.places[i].gram == v; i++ {
		p := m.places[i]
		first := q - p.at
		if first < 0 || first+len(p.core.text) > len(b) || string(b[first:first+len(p.core.text)]) != p.core.text {
			continue
		}
		h, ok := Hit{}, false
		if p.core.needle.key < 0 {
			h, ok = apiKey(b, first)
		} else {
			h, ok = p.core.whole(b, first)
		}
		if ok {
			emit(h)
		}
	}
}

// whole looks whether the needle is there around its core.
func (c *core) whole(b []byte, first int) (Hit, bool) {
	n := c.needle
	if n.unit == 2 {
		narrowed, at := narrow(b, first, len(n.text)*mostEscape)
		one := *n
		one.unit = 1
		inner := core{text: n.text[c.at : c.at+c.n], at: c.at, n: c.n, needle: &one}
		inner.text = string(narrowed[at:min(at+(len(c.text)+1)/2, len(narrowed))])
		h, ok := inner.whole(narrowed, at)
		h.Off = int64(first) - 2*(int64(at)-h.Off)
		h.Len = 2*h.Len - 1
		return h, ok
	}
	form, breaks := n.form, 0
	left := first
	for i := c.at - 1; i >= 0; i-- {
		size := n.before(b[:left], n.text[i])
		if size == 0 && n.breaks && breaks < mostBreaks {
			size = n.beforeBreak(b[:left], n.text[i])
			breaks++
		}
		if size == 0 {
			return Hit{}, false
		}
		left -= size
	}
	for size := 0; !letter(n.text[0]) && !n.exact && left > 0 && b[left-1] == '\\' && size < mostEscape; size++ {
		left-- // the core may begin behind it
	}
	right := first + len(c.text)
	for i := c.at + c.n; i < len(n.text); i++ {
		size := n.unescape(b[right:], n.text[i])
		if size == 0 && n.breaks && breaks < mostBreaks {
			size = n.after(b[right:], n.text[i])
			breaks++
		}
		if size == 0 {
			return Hit{}, false
		}
		right += size
	}
	switch {
	case form != Plain:
	case breaks > 0:
		form = Broken
	case string(b[left:right]) != n.text:
		form = Escaped
	}
	return Hit{Off: int64(left), Len: right - left, Key: n.key, Part: n.part, Form: form}, true
}

// before returns how many bytes at the end of b stand for the character c; of a row
// of backslashes all.
func (n *needle) before(b []byte, c byte) int {
	if len(b) == 0 {
		return 0
	}
	if letter(c) {
		if b[len(b)-1] == c {
			return 1
		}
		return 0
	}
	for size := min(mostEscape, len(b)); size > 0; size-- {
		if n.unescape(b[len(b)-size:], c) == size {
			return size
		}
	}
	return 0
}

// narrow returns the text of UTF-16 around first without its zeros, and where in
// it that is.
func narrow(b []byte, first, most int) (text []byte, at int) {
	from := first
	for from >= 2 && b[from-1] == 0 && b[from-2] != 0 && (first-from)/2 < most {
		from -= 2
	}
	for i := from; i < len(b) && (i-first)/2 < most; i += 2 {
		text = append(text, b[i])
		if i+1 < len(b) && b[i+1] != 0 {
			break
		}
	}
	return text, (first - from) / 2
}

// other looks for the ID of a key that is not one of the matcher's around place q,
// where four bytes may be of one. It is told at the first place in it, credible or not.
func (m *Matcher) other(b []byte, q int, emit func(Hit)) {
	const size = 20
	// An ID that begins in the last 8 of the 16 places up to q has 8 bytes from q+4 on,
	// and one that begins before these the 8 bytes before q.
	before := q >= 8 && idLike(binary.LittleEndian.Uint64(b[q-8:]))
	after := q+12 <= len(b) && idLike(binary.LittleEndian.Uint64(b[q+gram:]))
	from, to := q-min(m.step-1, q), min(q, len(b)-size)
	if !before {
		from = max(from, q-7)
	}
	if !after {
		to = min(to, q-8)
	}
	for s := from; s <= to; s++ {
		if b[s+2] != 'I' || b[s+3] != 'A' || b[s] != 'A' || b[s+1] != 'K' && b[s+1] != 'S' {
			continue
		}
		if !allBase32(b[s:s+size]) || !bordered(b, s, s+size) {
			continue
		}
		if _, own := m.own[string(b[s:s+size])]; !own && !inSecret(b, s, s+size) {
			emit(Hit{Off: int64(s), Len: size, Key: -1, ID: string(b[s : s+size]), Part: ID})
		}
	}
}

// idLike reports whether 8 bytes may be of a key ID: from '2' to 'Z'. For such bytes
// neither sum has a carry, and neither has a highest bit.
func idLike(v uint64) bool {
	const ones = 0x0101010101010101
	return ((v-'2'*ones)|(v+(0x80-'Z'-1)*ones))&(0x80*ones) == 0
}

func allBase32(b []byte) bool {
	for _, c := range b {
		if base32[c] == 0 {
			return false
		}
	}
	return true
}

// credible reports whether an ID may be that of a real key: not one of the many in
// documentation and tests that only look like one.
func credible(id string) bool {
	f := credfile.FactsOf(id)
	return !f.Example && (f.Account != "" || f.OldGen) && !standIn(id)
}
