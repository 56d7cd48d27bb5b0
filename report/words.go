package report

import (
	"keycare/credfile/facts"
	"strings"
)

// usedBy is a use for people.
func usedBy(u facts.Use) string {
	says := "for an unknown service"
	if u.Service != "" && u.Service != "N/A" {
		says = "for " + u.Service
	}
	if u.Region != "" && u.Region != "N/A" {
		says += " in " + u.Region
	}
	return says
}

// together joins reasons; missing permissions become one of them.
func together(reasons []string) string {
	var denied, rest []string
	for _, why := range reasons {
		if action, ok := facts.Needed(why); ok {
			denied = append(denied, action)
		} else {
			rest = append(rest, why)
		}
	}
	if len(denied) > 0 {
		rest = append([]string{"AWS denies " + strings.Join(denied, ", ")}, rest...)
	}
	return strings.Join(rest, "; ")
}
