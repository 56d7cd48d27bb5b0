package credfile

import "strings"

// readSDK reads a file as the AWS SDK for Go v2 does. It exists because the
// SDK's own loader reads both files anew for every profile: listing and
// comparing thousands of profiles through it would take hours. An edit and a
// verification still ask the SDK itself (LoadWithSDK); tests and fuzzing hold
// this reading to the SDK's. Source: aws-sdk-go-v2/config v1.33.15.
func readSDK(text string) *view {
	v := newView(strings.Count(text, "["))
	var cur *group
	var last *setting // what an indented line belongs to
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		if c := strings.TrimLeft(line, " \t")[0]; c == '#' || c == ';' {
			continue
		}
		if name, ok := sdkHeader(line); ok {
			last = nil
			cur = nil
			if name != "" {
				cur, _ = v.section(name)
			}
			continue
		}
		name, value, kind := sdkSetting(line)
		if kind != sdkNothing && kind != sdkContinuation && (value == `"` || value == `'`) {
			return &view{refused: &Refusal{n, "a value that is a single quote mark makes the Go SDK panic"}}
		}
		if cur == nil {
			continue
		}
		if kind != sdkContinuation {
			value = sdkUnquote(value)
		}
		switch kind {
		case sdkContinuation:
			if last != nil && last.value != "" && !last.nested {
				last.value += "\n" + value
			}
		case sdkNested:
			if last != nil && last.value == "" {
				last.nested = true
				continue
			}
			value = strings.TrimSpace(sdkUncomment(value))
			fallthrough
		case sdkPlain:
			cur.set(setting{name: name, value: value, line: n})
			last = cur.find(name)
			if name == "" {
				last = nil // the SDK tells "no name" from "no setting" by nothing
			}
		}
	}
	return v
}

type sdkKind int

const (
	sdkNothing sdkKind = iota
	sdkPlain
	sdkNested
	sdkContinuation
)

// sdkHeader returns the section name of a header line: "default", "profile x",
// or "" for a header that names none.
func sdkHeader(line string) (name string, ok bool) {
	if strings.IndexByte(line, '[') < 0 {
		return "", false
	}
	s := line
	if i := strings.IndexAny(s, "#;"); i >= 0 {
		s = s[:i]
	}
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "[") || !strings.HasSuffix(s, "]") {
		return "", false
	}
	s = strings.TrimSpace(s[1 : len(s)-1])
	i := strings.IndexAny(s, " \t")
	if i <= 0 {
		return s, true
	}
	return s[:i] + " " + strings.TrimLeft(s[i:], " \t"), true
}

// sdkSetting splits a line that is no header. The value is not yet unquoted.
func sdkSetting(line string) (name, value string, kind sdkKind) {
	kind = sdkPlain
	if isBlank(line[0]) {
		kind = sdkNested
		line = strings.TrimLeft(line, " \t")
	} else {
		line = strings.TrimRight(sdkUncomment(line), " \t")
	}
	i := strings.IndexAny(line, "=:")
	if i < 0 {
		if kind == sdkNested {
			return "", line, sdkContinuation
		}
		return "", "", sdkNothing
	}
	return strings.ToLower(strings.TrimSpace(line[:i])), strings.TrimSpace(line[i+1:]), kind
}

// sdkUncomment cuts an inline comment: # or ; after a space or tab.
func sdkUncomment(s string) string {
	for i := 1; i < len(s); i++ {
		if (s[i] == '#' || s[i] == ';') && isBlank(s[i-1]) {
			return s[:i-1]
		}
	}
	return s
}

func sdkUnquote(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}

// sdkProfiles maps profile names to their sections: in the config file those
// with the prefix, which win over [default] without it; in the credentials file
// those without.
func sdkProfiles(kind FileKind, v *view) map[string]*group {
	const prefix = "profile "
	m := make(map[string]*group, len(v.order))
	for _, name := range v.order {
		rest, prefixed := strings.CutPrefix(name, prefix)
		switch {
		case kind == CredentialsFile:
			if !prefixed {
				m[name] = v.byName[name]
			}
		case prefixed && sdkDropped(v, name):
		case prefixed:
			m[rest] = v.byName[name]
		case strings.EqualFold(name, "default"):
			if _, ok := m[name]; !ok {
				m[name] = v.byName[name]
			}
		}
	}
	return m
}

// sdkDropped reports whether the config section called name gives way to one
// that has its prefix twice: the SDK strips one prefix from each name, in
// alphabetical order, and what it has stripped replaces what has that name yet.
func sdkDropped(v *view, name string) bool {
	longer := "profile " + name
	if _, ok := v.byName[longer]; !ok || longer > name {
		return false
	}
	return !sdkDropped(v, longer)
}
