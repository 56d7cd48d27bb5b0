//go:build unix

package cli

import "syscall"

// noCore keeps a crash of the runtime, which no program can catch, from writing
// memory with secrets to a core file.
func noCore() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
