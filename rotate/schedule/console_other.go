//go:build !windows

package schedule

// DropConsole does something on Windows only.
func DropConsole() {}
