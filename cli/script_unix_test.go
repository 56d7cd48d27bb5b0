//go:build unix

package cli

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// nobody is a user to whom root's files and read-only folders are closed.
const nobody = 65534

func canUnprivileged() bool {
	if os.Geteuid() != 0 {
		return true
	}
	// A script's folder is made in one of these, and nobody must get there.
	dir := cmp.Or(os.Getenv("GOTMPDIR"), os.TempDir())
	return exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", "ls", "-d", dir+"/.").Run() == nil
}

// cmdUnprivileged runs a program so that permissions bind it: as it is, or for
// root as nobody, who gets the script's files for that time.
func cmdUnprivileged(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "unprivileged CODE PROGRAM ARG...")
	if os.Geteuid() != 0 {
		cmdRun(ts, neg, args)
		return
	}
	work := ts.Getenv("WORK")
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	// The two folders that the test binary made for itself are closed to others.
	for _, dir := range []string{filepath.Dir(work), filepath.Dir(filepath.Dir(path))} {
		ts.Check(os.Chmod(dir, 0o755))
	}
	give(ts, work, nobody)
	defer give(ts, work, 0)
	argv := append([]string{"sh", "-c", `exec setpriv --reuid=65534 --regid=65534 --clear-groups -- "$0" "$@"`, path}, args[2:]...)
	runFor(ts, args[0], argv, args[1:])
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func cmdOwn(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "own UID FOLDER")
	// The folders that the test made for itself are closed to others.
	for _, dir := range []string{ts.Getenv("WORK"), filepath.Dir(ts.Getenv("WORK"))} {
		ts.Check(os.Chmod(dir, 0o755))
	}
	give(ts, ts.MkAbs(args[1]), number(ts, args[0]))
}

func cmdAs(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 3, "as UID CODE PROGRAM ARG...")
	path, err := exec.LookPath(args[2])
	ts.Check(err)
	ts.Check(os.Chmod(filepath.Dir(filepath.Dir(path)), 0o755))
	argv := append([]string{"setpriv", "--reuid=" + args[0], "--regid=" + args[0], "--clear-groups", "--", path}, args[3:]...)
	runFor(ts, args[1], argv, args[2:])
}

func cmdOnlyOf(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "onlyof UID FOLDER")
	uid := number(ts, args[0])
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		if got := int(fi.Sys().(*syscall.Stat_t).Uid); got != uid {
			return fmt.Errorf("%s belongs to user %d", path, got)
		}
		return nil
	}))
}

func give(ts *testscript.TestScript, dir string, uid int) {
	ts.Check(filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, uid)
	}))
}

// canMount reports whether a program can have a small disk of its own.
var canMount = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "keycare-mount-")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	return exec.Command("unshare", "-Urm", "mount", "-t", "tmpfs", "-o", "size=64k", "keycare", dir).Run() == nil
})

// cmdFull runs a program in a name space of its own where a folder, with what
// is in it, lies on a disk without any room left. What the folder holds at the
// end is copied back.
func cmdFull(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 3, "full CODE FOLDER PROGRAM ARG...")
	const script = `
set -e
dir=$1 keep=$2; shift 2
mkdir "$keep"; cp -a "$dir/." "$keep"
mount -t tmpfs -o size=256k,mode=0700 keycare "$dir"
cp -a "$keep/." "$dir"
cat /dev/zero >"$dir/ballast" 2>/dev/null || true
code=0
"$@" || code=$?
rm "$dir/ballast"
rm -r "$keep"; mkdir "$keep"; cp -a "$dir/." "$keep"
exit $code`
	dir := ts.MkAbs(args[1])
	keep := strings.TrimRight(dir, "/") + ".kept"
	for _, name := range []string{"credentials", "config"} {
		worldOf(ts).leaks.allow(filepath.Join(keep, ".aws", name))
	}
	argv := append([]string{"unshare", "-Urm", "sh", "-c", script, "sh", dir, keep}, args[2:]...)
	runFor(ts, args[0], argv, args[2:])
	ts.Check(os.RemoveAll(dir))
	ts.Check(os.Rename(keep, dir))
}

// maxRSS is the largest memory of a process that has ended, in bytes.
func maxRSS(cmd *exec.Cmd) int64 {
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}
