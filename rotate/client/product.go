package client

import (
	"strings"

	"keycare/credfile/facts"
	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

// productOf is the program that a User-Agent names. A User-Agent is free text, in which a
// secret may stand: what is not known is shown only where it is a plain short word.
func productOf(userAgent string) string {
	name := facts.ProgramOf(userAgent)
	if name == "" {
		name = plainProduct(userAgent)
	}
	return facts.RanOn(name, userAgent)
}

// plainProduct is the first word of a User-Agent, or the service of AWS that it names.
func plainProduct(userAgent string) string {
	if awsHost().MatchString(userAgent) && !show.SecretLike(userAgent) {
		return userAgent
	}
	word, _, _ := strings.Cut(strings.Trim(userAgent, "[] "), "/")
	if !productWord().MatchString(word) {
		return other
	}
	return word
}

var productWord = pattern.Of(`^[A-Z]?[a-z]{2,16}([-_][A-Z]?[a-z]{2,16}){0,2}$`)
