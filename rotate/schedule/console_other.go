//go:build !windows

package schedule

import "strings"

// DropConsole does something on Windows only.
func DropConsole() {}

// fromConsole decodes what a program wrote into a pipe.
func fromConsole(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }
