//go:build unix

package gitobj

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// imported is a history for git fast-import: some of the files are others in each
// commit.
func imported(commits, files int) string {
	r := rand.New(rand.NewPCG(3, 4))
	texts := make([][]string, files)
	for i := range texts {
		for range 200 {
			texts[i] = append(texts[i], fmt.Sprintf("line %x of a file", r.Uint64()))
		}
	}
	var b strings.Builder
	for i := range commits {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter d <d@x> %d +0000\ndata 1\nx\n", i)
		for range 4 {
			n := r.IntN(files)
			texts[n][r.IntN(200)] = fmt.Sprintf("changed to %x", r.Uint64())
			text := strings.Join(texts[n], "\n")
			fmt.Fprintf(&b, "M 644 inline d%d/f%d\ndata %d\n%s\n", n%10, n, len(text), text)
		}
	}
	return b.String()
}

// processors is the time of the processors that this program and those that it waited
// for have had.
func processors() (sum time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if syscall.Getrusage(who, &r) == nil {
			sum += time.Duration(r.Utime.Nano() + r.Stime.Nano())
		}
	}
	return sum
}

// BenchmarkObjects reads a repository of some 5,600 objects: all of it, beside the
// plainest way to have git write the same; what is new after one commit; and nothing.
// cpu-ms/op is processor time, of git too; that of a new commit is not in it.
func BenchmarkObjects(b *testing.B) {
	h := newGitHome(b)
	h.write("a/x", "")
	h.run("a", "init", "-q")
	cmd := exec.Command(h.git, "-C", h.path("a"), "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(imported(600, 100))
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	h.run("a", "repack", "-adq")
	measured := func(b *testing.B, each, before func(i int)) {
		var cpu time.Duration
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			before(i)
			b.StartTimer()
			from := processors()
			each(i)
			cpu += processors() - from
		}
		b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/op")
	}
	scan := func(memory *Memory) func(int) {
		return func(int) {
			if _, _, err := h.scan(h.git, memory); err != nil {
				b.Fatal(err)
			}
		}
	}
	nothing := func(int) {}
	b.Run("all", func(b *testing.B) { measured(b, scan(nil), nothing) })
	b.Run("cat-file", func(b *testing.B) {
		measured(b, func(int) {
			if err := exec.Command("sh", "-c", `git --git-dir="$0" cat-file --batch-all-objects --batch | wc -c`, h.path("a/.git")).Run(); err != nil {
				b.Fatal(err)
			}
		}, nothing)
	})
	memory := NewMemory(func(any) error { return os.ErrNotExist })
	scan(memory)(0)
	b.Run("new", func(b *testing.B) {
		measured(b, scan(memory), func(i int) {
			h.write("a/new", fmt.Sprint(b.N, i))
			h.commit("a", "new")
		})
	})
	b.Run("nothing", func(b *testing.B) { measured(b, scan(memory), nothing) })
}
