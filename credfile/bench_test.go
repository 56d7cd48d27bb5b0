package credfile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/ini.v1"

	"keycare/credfile/disk"
)

// bigFile returns a credentials file of n profiles, about 120 bytes each.
func bigFile(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[profile-%06d]\n%s = %s\n%s = %040d\n\n", i, nameID, benchID(i), nameSecret, i)
	}
	return b.String()
}

func benchID(i int) string { return fmt.Sprintf("AKIAZAVB%012d", i) }

func benchSizes(b *testing.B, sizes []int, run func(b *testing.B, n int, text string)) {
	for _, n := range sizes {
		text := bigFile(n)
		b.Run(fmt.Sprintf("profiles=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			run(b, n, text)
		})
	}
}

func BenchmarkParse(b *testing.B) {
	benchSizes(b, []int{10, 100, 1000, 10_000, 100_000}, func(b *testing.B, n int, text string) {
		for b.Loop() {
			if f := Parse("f", CredentialsFile, text); len(f.Sections) != n+1 {
				b.Fatal(len(f.Sections))
			}
		}
	})
}

// BenchmarkINI loads the same files with ini.v1 alone, to compare.
func BenchmarkINI(b *testing.B) {
	benchSizes(b, []int{10, 100, 1000, 10_000}, func(b *testing.B, _ int, text string) {
		for b.Loop() {
			if _, err := ini.LoadSources(iniOptions[ToolINIGo], []byte(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkReadCLI(b *testing.B) {
	benchSizes(b, []int{10, 1000, 10_000, 100_000}, func(b *testing.B, _ int, text string) {
		for b.Loop() {
			readCLI(text)
		}
	})
}

func BenchmarkReadSDK(b *testing.B) {
	benchSizes(b, []int{10, 1000, 10_000, 100_000}, func(b *testing.B, _ int, text string) {
		for b.Loop() {
			readSDK(text)
		}
	})
}

func BenchmarkNewSet(b *testing.B) {
	benchSizes(b, []int{10, 1000, 10_000, 100_000}, func(b *testing.B, _ int, text string) {
		for b.Loop() {
			NewSet(Paths{}, text, "")
		}
	})
}

func BenchmarkDiagnostics(b *testing.B) {
	benchSizes(b, []int{10, 10_000, 100_000}, func(b *testing.B, _ int, text string) {
		f := Parse("f", CredentialsFile, text)
		for b.Loop() {
			if len(f.Diagnostics()) > 0 {
				b.Fatal("the file is clean")
			}
		}
	})
}

func BenchmarkLoadSDK10000(b *testing.B) {
	p := writeSet(b, bigFile(10_000), "")
	for b.Loop() {
		if r := LoadWithSDK(context.Background(), p, "profile-005000"); r.None != "" {
			b.Fatal(r.None)
		}
	}
}

// BenchmarkSwap10000 changes one key on disk in a file of 10,000 profiles, to
// and fro.
func BenchmarkSwap10000(b *testing.B) {
	p := writeSet(b, bigFile(10_000), "")
	pairs := [2]Pair{{benchID(5000), NewSecret(fmt.Sprintf("%040d", 5000))}, testNew}
	w := &Writer{Disk: disk.OS{}, Tag: "bench", Wait: noWait}
	for i := 0; b.Loop(); i++ {
		if _, err := w.Swap(context.Background(), p, Swap{From: []Pair{pairs[i%2]}, To: pairs[1-i%2]}); err != nil {
			b.Fatal(err)
		}
	}
	if list, err := os.ReadDir(filepath.Dir(p.Credentials)); err != nil || len(list) != 2 {
		b.Fatal(list, err)
	}
}
