package copies

// This file is about a key that is written over several lines: by a mail program, a
// terminal, base64 in a YAML file, a source file that joins strings.

const (
	// mostBreak is the length of the longest break in bytes, indentation included, and
	// mostBreaks how many an occurrence may have.
	mostBreak  = 64
	mostBreaks = 8
)

// after returns how many bytes at the start of b are a break and then the character c;
// 0 if they are not. Of several pluses the last is the text's: that before it joins
// strings.
func (n *needle) after(b []byte, c byte) (found int) {
	broken := false
	for i := 0; i < min(len(b), mostBreak); {
		if broken && b[i] != ' ' { // which may stand for a plus, but not here
			if size := n.unescape(b[i:], c); size > 0 {
				found = i + size
			}
		}
		size, ends := breakAt(b, i)
		if size == 0 {
			break
		}
		broken = broken || ends
		i += size
	}
	return found
}

// beforeBreak returns how many bytes at the end of b are the character c and then a
// break.
func (n *needle) beforeBreak(b []byte, c byte) (found int) {
	broken := false
	for i := len(b); i > max(0, len(b)-mostBreak); {
		if broken && b[i-1] != ' ' {
			if size := n.before(b[:i], c); size > 0 {
				found = len(b) - i + size
			}
		}
		size, ends := breakUpTo(b, i)
		if size == 0 {
			break
		}
		broken = broken || ends
		i -= size
	}
	return found
}

// breakAt is the size of the part of a break that begins at b[i], and whether it ends a
// line, in itself or in the text of a string.
func breakAt(b []byte, i int) (size int, ends bool) {
	j := i
	for j < len(b) && j-i < 4 && b[j] == '\\' {
		j++
	}
	if j > i && j < len(b) && (b[j] == 'n' || b[j] == 'r') {
		return j + 1 - i, true
	}
	return ofBreak(b[i])
}

func breakUpTo(b []byte, to int) (size int, ends bool) {
	last := to - 1
	if b[last] == 'n' || b[last] == 'r' {
		i := last
		for i > 0 && last-i < 4 && b[i-1] == '\\' {
			i--
		}
		if i < last {
			return to - i, true
		}
	}
	return ofBreak(b[last])
}

// ofBreak says whether a character may be in a break: of the indentation, of the quoted
// text of a mail, of strings that a program joins, or before the line's end a sign that
// the line goes on.
func ofBreak(c byte) (size int, ends bool) {
	switch c {
	case '\n', '\r':
		return 1, true
	case ' ', '\t', '\\', '=', '"', '\'', '>', '+', '.', ',', '|', '#', '*', '`':
		return 1, false
	}
	return 0, false
}
