package complete

import "strings"

// bashWord returns what bash makes of a word, and which quote is open at its end:
// ' or " or 0. Nothing in it is expanded.
func bashWord(typed string) (word string, quote byte) {
	b := make([]byte, 0, len(typed))
	for i := 0; i < len(typed); i++ {
		c := typed[i]
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '\\' && i+1 < len(typed) && (quote == 0 || quote == '"' && strings.IndexByte("$`\"\\", typed[i+1]) >= 0):
			i++
			b = append(b, typed[i])
		default:
			b = append(b, c)
		}
	}
	return string(b), quote
}

// bashQuoted writes text so that bash takes it for itself and nothing else, after
// an open quote or none.
func bashQuoted(text string, quote byte) string {
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch {
		case quote == '\'' && c == '\'':
			b = append(b, `'\''`...)
		case quote == '"' && c == '!': // the history is looked up in double quotes, too
			b = append(b, `"\!"`...)
		case quote == '"' && strings.IndexByte("$`\"\\", c) >= 0,
			quote == 0 && c < 0x80 && !isWordByte(c):
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// isWordByte reports whether no shell gives a meaning to c within a word.
func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_./:@%+,=", c) >= 0
}
