// Package testrun is how the tests of all packages run: the quick ones always,
// the long proofs when they are asked for, and in memory where that is possible.
package testrun

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

// longProofs is the variable that asks for the long proofs.
const longProofs = "KEYCARE_LONG"

// sharePairs is the variable that thins the pairs of faults: of the first faults
// every so-manyth is taken, another one for each way of the second. Unset means
// all.
const sharePairs = "KEYCARE_PAIRS_EVERY"

// Chosen reports whether the pairs that begin with fault n are to be tried with
// the way of that number.
func Chosen(n, way int) bool {
	every, err := strconv.Atoi(os.Getenv(sharePairs))
	return err != nil || every <= 1 || (n+way)%every == 0
}

// IsLong reports whether the long proofs are asked for.
func IsLong() bool { return os.Getenv(longProofs) != "" }

// Long skips a proof that takes long, unless it is asked for. What is short of
// it is proved by another test; .ci/run runs both.
func Long(t testing.TB) {
	t.Helper()
	if !IsLong() {
		t.Skip("SKIPPED: a long proof; set " + longProofs + "=1 to run it")
	}
}

// NotShort skips a walk through many faults under -short.
func NotShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
}

// Main is for a package's TestMain: it runs the tests with their temporary
// folders on a disk in memory, where the system has one with room, and ends the
// program. Making and removing thousands of small files costs a multiple on a
// real disk. Who sets TMPDIR or GOTMPDIR has a place in mind and gets it.
func Main(m *testing.M) { os.Exit(InMemory{m}.Run()) }

// prefix begins the name of a folder in memory; the number of its process and
// something random follow.
const prefix = "keycare-test-"

// InMemory does the same for a TestMain that needs a testing.M.
type InMemory struct{ M *testing.M }

// Run returns the exit code.
func (r InMemory) Run() (code int) {
	spend()
	dir := memory()
	if dir == "" || os.Getenv("TMPDIR") != "" || os.Getenv("GOTMPDIR") != "" {
		return r.M.Run()
	}
	dir, err := os.MkdirTemp(dir, fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	if err == nil {
		defer os.RemoveAll(dir)
		// Some scripts run as another user.
		err = errors.Join(os.Chmod(dir, 0o711), os.Setenv("TMPDIR", dir))
	}
	if err != nil {
		panic(err)
	}
	return r.M.Run()
}

// spend lets the tests use memory where that saves processor time: they make
// thousands of small worlds and drop them. Who sets GOGC, or asks for a profile of
// memory, gets that.
func spend() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if f := flag.Lookup("test.memprofile"); f == nil || f.Value.String() == "" {
		runtime.MemProfileRate = 0
	}
}

// TempDir is t.TempDir by its real name: on Windows the folder of temporary files may
// have a short one, and on macOS it lies behind a link. keycare replaces files by
// their real names.
func TempDir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
