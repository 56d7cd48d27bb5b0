//go:build !windows

package cli

import "os"

// escapes: every terminal here reads sequences for colours.
func escapes(*os.File) (ok bool, restore func()) { return true, func() {} }

// emptyOnInterrupt: a read goes on when Ctrl-C is pressed.
const emptyOnInterrupt = false
