package copies

import (
	"bytes"
	"math"
	"strings"
)

// standIn reports whether an ID was made up by a person: the example of AWS's
// documentation with a letter or two changed, a row of the alphabet, a few
// characters over and over.
func standIn(id string) bool {
	const documented = "AKIAIOSFODNN7EXAMPLE"
	differ, rows := 0, 0
	for i := range len(id) {
		if id[i] != documented[i] {
			differ++
		}
		if i > 4 && id[i] == id[i-1]+1 {
			rows++
		}
	}
	return differ < 6 || rows > 6 || strings.Contains(id, "EXAMPL") || entropy(id) < 3
}

// entropy is Shannon's, in bits a character.
func entropy(s string) (bits float64) {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// bordered reports whether no letter or digit stands directly around b[from:to]. A
// letter that is the end of an escape is none.
func bordered(b []byte, from, to int) bool {
	if to < len(b) && letter(b[to]) {
		return false
	}
	return from == 0 || !letter(b[from-1]) || endsEscape(b[:from])
}

// inSecret reports whether b[from:to] is a part of a row of characters that is as long
// as a secret access key: such a part is never shown.
func inSecret(b []byte, from, to int) bool {
	first, last := from, to
	for first > 0 && to-first <= secretSize && secretByte(b[first-1]) {
		first--
	}
	for last < len(b) && last-first <= secretSize && secretByte(b[last]) {
		last++
	}
	return last-first == secretSize
}

// endsEscape reports whether b ends in an escape, such as \n, %3D or the end of a
// terminal's colour.
func endsEscape(b []byte) bool {
	n := len(b)
	back := func(i int) byte {
		if n < i {
			return 0
		}
		return b[n-i]
	}
	last := back(1)
	switch {
	case back(2) == '\\' && strings.IndexByte("nrtabfve0", last) >= 0:
		return true
	case !isHex(last) && last != 'm':
		return false
	case isHex(back(2)) && (back(3) == '%' || back(4) == '\\' && back(3) == 'x' || back(5) == '%' && back(4) == '2' && back(3) == '5'):
		return true
	case isHex(back(2)) && isHex(back(3)) && isHex(back(4)) && back(5) == 'u' && back(6) == '\\':
		return true
	case last == 'm':
		for i := 2; i < 12; i++ {
			switch c := back(i); {
			case c == '[':
				return true
			case c != ';' && (c < '0' || c > '9'):
				return false
			}
		}
	}
	return last >= '0' && last <= '7' && isHex(back(2)) && back(4) == '\\'
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// secretNear reports whether what may be a secret access key stands within five
// lines of b[at:at+size]; an unlikely one is one that looks made up.
func secretNear(b []byte, at, size int, unlikely bool) bool {
	from, to := max(0, at-nearBytes), min(len(b), at+size+nearBytes)
	for i, lines := at, 0; lines <= nearLines; lines++ {
		if i = bytes.LastIndexByte(b[from:i], '\n') + from; i < from {
			break
		} else if lines == nearLines {
			from = i + 1
		}
	}
	for i, lines := at+size, 0; lines <= nearLines; lines++ {
		n := bytes.IndexByte(b[i:to], '\n')
		if n < 0 {
			break
		}
		if i += n + 1; lines == nearLines {
			to = i - 1
		}
	}
	if !mayHoldSecret(b[from:at]) && !mayHoldSecret(b[at+size:to]) {
		return false
	}
	text := string(b[from:at]) + "\n" + string(b[at+size:to])
	for range 3 {
		if holdsSecret(text, unlikely) {
			return true
		}
		if !strings.ContainsAny(text, `\%&`) {
			return false // no escape
		}
		text = unescaper.Replace(text)
	}
	return false
}

// mayHoldSecret reports whether b has so many characters in a row that may be of a
// secret access key or of an escape in it.
func mayHoldSecret(b []byte) bool {
	for i := secretSize - 1; i < len(b); { // such a row has the character at i, or ends before it
		first := i
		for first >= 0 && i-first < secretSize && ofSecret[b[first]] {
			first--
		}
		if i-first == secretSize {
			return true
		}
		i = first + secretSize
	}
	return false
}

var ofSecret = func() (t [256]bool) {
	for c := range t {
		t[c] = secretByte(byte(c)) || strings.IndexByte(`\%&#;`, byte(c)) >= 0
	}
	return t
}()

// unescaper undoes one level of escapes, as far as they matter to a secret.
var unescaper = strings.NewReplacer(
	`\n`, "\n", `\r`, "\n", `\t`, "\n", `\/`, "/", `\+`, "+", `\\`, `\`, `\"`, `"`,
	"%2B", "+", "%2b", "+", "%2F", "/", "%2f", "/", "%25", "%", "%3A", ":", "%3a", ":", "%3D", "=", "%3d", "=", "%0A", "\n", "%26", "&",
	`\u002B`, "+", `\u002b`, "+", `\u002F`, "/", `\u002f`, "/", `\x2B`, "+", `\x2b`, "+", `\x2F`, "/", `\x2f`, "/", `\u0022`, `"`,
	"&#43;", "+", "&#47;", "/", "&#x2B;", "+", "&#x2F;", "/", "&#x2b;", "+", "&#x2f;", "/", "&quot;", `"`, "&#34;", `"`,
	`\040`, " ", `\053`, "+", `\057`, "/",
)

// secretSize is the length of a secret access key.
const secretSize = 40

// holdsSecret reports whether text has exactly 40 characters in a row that look
// drawn by lot from those of a secret access key, or, if that is unlikely, that are no
// hash in hex.
func holdsSecret(text string, unlikely bool) bool {
	for i := 0; i < len(text); i++ {
		if !secretByte(text[i]) {
			continue
		}
		j := i
		for j < len(text) && secretByte(text[j]) {
			j++
		}
		run := text[i:j]
		// A letter may be the end of an escape, or the size of the string in front of
		// it in a binary file.
		if len(run) == secretSize && (drawn(run) || unlikely && strings.Trim(run, "0123456789abcdef") != "") {
			return true
		}
		i = j
	}
	return false
}

func secretByte(c byte) bool { return letter(c) || c == '+' || c == '/' }

func drawn(run string) bool {
	upper, lower, hexOnly := false, false, true
	for i := range len(run) {
		upper = upper || run[i] >= 'A' && run[i] <= 'Z'
		lower = lower || run[i] >= 'a' && run[i] <= 'z'
		hexOnly = hexOnly && isHex(run[i])
	}
	return upper && lower && !hexOnly && !strings.Contains(run, "EXAMPLE") && entropy(run) >= 4.25
}
