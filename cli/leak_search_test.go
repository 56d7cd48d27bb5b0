package cli

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"keycare/credfile"
	"keycare/credfile/copies"
)

// aPiece is how many characters of a secret, or of a form of it, in a row betray it.
const aPiece = 12

// pieces are all pieces of secrets in all forms, in small letters. They know nothing
// of the matcher of a scan, so that the two have no blind spot in common.
type pieces struct {
	filter [1 << 12]uint64
	of     map[string][]int // the numbers of the secrets
}

func piecesOf(secrets []string) *pieces {
	p := &pieces{of: map[string][]int{}}
	for n, s := range secrets {
		for _, form := range formsOf(s) {
			form = small(form)
			for i := 0; i+aPiece <= len(form); i++ {
				piece := form[i : i+aPiece]
				if ofOneKind(piece) {
					continue
				}
				if !slices.Contains(p.of[piece], n) {
					p.of[piece] = append(p.of[piece], n)
				}
				h := p.hash(piece)
				p.filter[h/64] |= 1 << (h % 64)
			}
		}
	}
	return p
}

// formsOf are the forms of a secret of which each part depends on the secret alone.
// Escapes are undone in the text instead.
func formsOf(s string) []string {
	back := []byte(s)
	slices.Reverse(back)
	forms := []string{s, string(back), hex.EncodeToString([]byte(s))}
	for from := range min(3, len(s)) { // wherever it begins in what is encoded
		whole := s[from : from+(len(s)-from)/3*3]
		forms = append(forms, base64.StdEncoding.EncodeToString([]byte(whole)), base64.URLEncoding.EncodeToString([]byte(whole)))
	}
	return forms
}

// ofOneKind reports whether a piece may stand in any text: a row of zeros, say.
func ofOneKind(piece string) bool {
	kinds := map[byte]bool{}
	for i := range len(piece) {
		kinds[piece[i]] = true
	}
	return len(kinds) < 5
}

func (*pieces) hash(s string) uint32 {
	return (uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24) * 2654435761 >> 14
}

// in are the numbers of the secrets of which a piece stands in text.
func (p *pieces) in(text string) (found []int) {
	views := []string{text}
	if strings.Contains(text, "\x00") {
		views = append(views, strings.ReplaceAll(text, "\x00", "")) // UTF-16
	}
	for _, v := range views {
		for range 3 { // one escape around another
			plain := withoutEscapes(v)
			if plain == v {
				break
			}
			views, v = append(views, plain), plain
		}
	}
	for _, v := range views {
		v = small(v)
		for i := 0; i+aPiece <= len(v); i++ {
			if h := p.hash(v[i : i+4]); p.filter[h/64]>>(h%64)&1 == 0 {
				continue
			}
			for _, n := range p.of[v[i:i+aPiece]] {
				if !slices.Contains(found, n) {
					found = append(found, n)
				}
			}
		}
	}
	return found
}

// small is text with small letters for A to Z.
func small(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// withoutEscapes undoes one layer of the escapes of URLs, of JSON and shells, and of XML.
func withoutEscapes(text string) string {
	if !strings.ContainsAny(text, `%\&`) {
		return text
	}
	b := make([]byte, 0, len(text))
	number := func(from, size, base int) bool {
		if from+size > len(text) {
			return false
		}
		n, err := strconv.ParseUint(text[from:from+size], base, 8)
		if err == nil {
			b = append(b, byte(n))
		}
		return err == nil
	}
	for i := 0; i < len(text); i++ {
		switch rest := text[i:]; {
		case text[i] == '%' && number(i+1, 2, 16):
			i += 2
		case strings.HasPrefix(rest, `\u00`) && number(i+4, 2, 16):
			i += 5
		case strings.HasPrefix(rest, `\x`) && number(i+2, 2, 16):
			i += 3
		case text[i] == '\\' && number(i+1, 3, 8):
			i += 3
		case text[i] == '\\': // what it stands before is meant
		case strings.HasPrefix(rest, "&#x") && strings.Index(rest, ";") == 5 && number(i+3, 2, 16):
			i += 5
		case strings.HasPrefix(rest, "&#") && strings.Index(rest, ";") == 4 && number(i+2, 2, 10):
			i += 4
		default:
			b = append(b, text[i])
		}
	}
	return string(b)
}

// matched are the numbers of the secrets that the matcher of a scan finds in text.
func matched(s *copies.Scanner, text string) (found []int) {
	s.Bytes([]byte(text), func(h copies.Hit) {
		if h.Key >= 0 && h.Part == copies.Secret && !slices.Contains(found, h.Key) {
			found = append(found, h.Key)
		}
	})
	return found
}

// scannerOf is that matcher. Making one takes a while.
func scannerOf(secrets []string) *copies.Scanner {
	keys := make([]copies.Key, len(secrets))
	for i, s := range secrets {
		keys[i] = copies.Key{ID: "AKIA" + strconv.Itoa(i), Secret: credfile.NewSecret(s)}
	}
	return copies.NewScanner(copies.NewMatcher(keys, copies.Options{}))
}
