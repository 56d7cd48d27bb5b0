package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// escapes has a console read sequences for colours, which it does not by itself.
// The consoles of a window share the mode, so restore puts the former one back.
func escapes(f *os.File) (ok bool, restore func()) {
	const wanted = windows.ENABLE_PROCESSED_OUTPUT | windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING
	console := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return false, func() {}
	}
	if mode&wanted == wanted {
		return true, func() {}
	}
	if windows.SetConsoleMode(console, mode|wanted) != nil { // a console of before 2016
		return false, func() {}
	}
	return true, func() { _ = windows.SetConsoleMode(console, mode) }
}

// emptyOnInterrupt: Ctrl-C ends the read of a console as the end of input does,
// and the interrupt itself comes from another thread.
const emptyOnInterrupt = true
