package credfile

import "strings"

func (d *differ) header(sec Section, l Line) {
	text := d.file.Text
	open := strings.IndexByte(text[l.Start:l.End], '[') + l.Start
	whole := text[open : l.End-int(l.EOL)]
	closing := strings.IndexByte(text[l.Name.End:l.End], ']') + l.Name.End - open
	if closing < l.Name.End-open {
		d.add("header-open", open)
		return
	}
	inner, tail := whole[1:closing], strings.TrimFunc(whole[closing+1:], pySpace)
	switch {
	case tail == "":
	case tail[0] != '#' && tail[0] != ';':
		d.add("header-tail", open+closing+1)
	case strings.Contains(tail, "]"):
		d.add("header-tail-bracket", open+closing+1)
	}
	if sec.Raw == "" {
		d.add("header-empty", open)
		return
	}
	if inner != sec.Raw {
		d.add("header-spaces", open+1)
	}
	d.headerName(sec, open+1)
	key := sec.Raw
	if sec.Profile != "" {
		key = "profile " + sec.Profile
	}
	if sec.Raw == "default" && d.file.Kind == ConfigFile {
		key = "default"
	}
	switch {
	case d.sections[key]:
		d.add("twice-section", open)
	case key == "default" && d.sections["profile default"], d.file.Kind == ConfigFile && key == "profile default" && d.sections["default"]:
		d.add("twice-default", open)
	}
	d.sections[key] = true
}

func (d *differ) headerName(sec Section, at int) {
	raw := sec.Raw
	if raw == "DEFAULT" {
		d.add("default-caps", at)
		return
	}
	if strings.ContainsAny(raw, "#;") {
		d.add("header-hash", at)
	}
	switch _, closed := shellWords(raw); {
	case !strings.ContainsAny(raw, `"'`):
	case d.file.Kind == ConfigFile && !closed:
		d.add("header-quote-open", at)
	default:
		d.add("header-quotes", at)
	}
	rest, prefixed := strings.CutPrefix(raw, "profile")
	prefixed = prefixed && rest != "" && isBlank(rest[0])
	switch {
	case d.file.Kind == CredentialsFile && prefixed:
		if !d.file.both {
			d.add("prefix-in-credentials", at)
		}
		return
	case d.file.Kind == ConfigFile && sec.Profile == "":
		words, _ := shellWords(raw)
		switch {
		case configSection(raw) || d.file.both:
		case strings.HasPrefix(raw, "profile") && len(words) == 2 && words[0] != "profile":
			d.add("prefix-odd", at)
		default:
			d.add("no-prefix-in-config", at)
		}
		return
	case prefixed && (rest[0] != ' ' || len(rest) > 1 && isBlank(rest[1])):
		d.add("header-gap", at)
	}
	switch {
	case strings.ContainsAny(sec.Profile, " \t"):
		d.add("name-space", at)
	case strings.ContainsFunc(strings.Trim(sec.Profile, `"'`), func(r rune) bool { return !nameRune(r) }):
		d.add("name-chars", at)
	}
}

// configSection reports whether a header of the config file names one of the
// other kinds of section that AWS defines.
func configSection(raw string) bool {
	for _, kind := range []string{"sso-session", "services"} {
		if rest, ok := strings.CutPrefix(raw, kind); ok && rest != "" && isBlank(rest[0]) {
			return true
		}
	}
	return raw == "preview" || raw == "plugins"
}

func nameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_/.%@:+#;", r)
}

// gluedHeader returns the line of a section that ends in a header, after which
// settings stand for a second time, or -1.
func (f *File) gluedHeader(sec Section) int {
	seen := map[string]bool{}
	glued := -1
	for n := sec.First; n < sec.Last; n++ {
		l := f.Lines[n]
		if l.Kind == Property {
			name := f.nameOf(l)
			if glued >= 0 && seen[name] {
				return glued
			}
			seen[name] = true
		}
		body := trim(f.Text, Span{l.Start, l.End - int(l.EOL)}).In(f.Text)
		if l.Kind == Property && strings.HasSuffix(body, "]") && strings.LastIndexByte(body, '[') > 0 {
			glued = n
		}
	}
	return -1
}
