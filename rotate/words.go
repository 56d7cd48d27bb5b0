package rotate

import (
	"runtime"
	"strings"
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

// arg is word for a profile that stands alone as an argument of keycare, the last of
// its line: one that begins with "-" would be a flag.
func arg(profile string) string {
	if w := show.Arg(profile, runtime.GOOS); w != "" {
		return w
	}
	return "NAME"
}

// inOrder are the argument and the flags of a command line, flags first where the
// argument begins with "--".
func inOrder(name, flags string) string {
	if strings.HasPrefix(name, " --") {
		return flags + name
	}
	return name + flags
}

const day = 24 * time.Hour
