package rotate

import (
	"runtime"
	"time"

	"keycare/credfile/show"
)

// word writes a profile's or a user's name for a command line that a person is
// told. Where no command line can hold the name, a word stands for it.
func word(name string) string {
	if w := show.Word(name, runtime.GOOS); w != "" {
		return w
	}
	return "NAME"
}

const day = 24 * time.Hour
