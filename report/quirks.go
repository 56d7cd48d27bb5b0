package report

import (
	"keycare/credfile"
	"keycare/credfile/pattern"
)

var (
	quoted      = pattern.Of(`"(\\.|[^"\\])*"`)
	settingName = pattern.Of(`^"[a-z_]{1,40}"$`)
)

// withoutTexts takes quoted texts of the file out of a message unless they look
// like names of settings: a line that went wrong may hold a secret.
func withoutTexts(s string) string {
	return quoted().ReplaceAllStringFunc(s, func(q string) string {
		if settingName().MatchString(q) {
			return q
		}
		return "a setting"
	})
}

// aboutHeaders are quirks by which a tool does not see a header, so that what
// follows goes to the section above.
var aboutHeaders = []credfile.Quirk{"header-tail", "header-open", "header-hash", "indented"}

// splitsTools are the quirks on which the AWS CLI and the Go SDK differ.
var splitsTools = map[credfile.Quirk]bool{
	"lone-cr": true, "header-tail": true, "header-open": true, "header-tail-bracket": true, "header-hash": true,
	"header-spaces": true, "header-quotes": true, "header-gap": true, "name-space": true, "default-caps": true,
	"twice-section": true, "twice-default": true, "twice-setting": true, "inline-comment": true,
	"value-comment": true, "value-quotes": true, "lone-quote": true, "indented-setting": true, "indented": true,
	"continuation": true, "name-quotes": true, "old-token": true, "old-token-other": true,
	"odd-space": true, "header-odd-space": true, "header-quote-open": true, "header-glued": true, "header-hidden": true, "no-delimiter": true, "key-no-delimiter": true,
}

// lostHeaders are headers that no tool reads as the profile that was meant.
var lostHeaders = map[credfile.Quirk]bool{"no-prefix-in-config": true, "prefix-odd": true, "prefix-in-credentials": true}

// plainName is a name that is safe to show: a header that went wrong may hold a
// secret.
var plainName = pattern.Of(`^[A-Za-z0-9_.@-]{1,32}$`)

func (s *profile) holdsKey(kind credfile.FileKind) bool {
	h := s.in[kind]
	return h != nil && (h.id.line > 0 || h.secret.line > 0 || h.token.line > 0)
}
