// Package pattern holds regular expressions that are compiled when they are first
// used. Most runs need few of them: compiled at the start, they would make every run,
// every completion and every git hook start later.
package pattern

import (
	"regexp"
	"sync"
)

// Of gives the expression of a text, which must be right: the first use of a wrong
// one panics. A test compiles them all.
func Of(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
