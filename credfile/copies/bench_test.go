package copies

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkScanner reads a log: run it with -benchmem to see that nothing is
// allocated.
func BenchmarkScanner(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	keys := []Key{newKey(r), newKey(r), newKey(r)}
	var text strings.Builder
	words := strings.Fields("the request server AKIA handler error INFO us-east-1 secret 200 GET Account region {\"a\": 1} _x")
	for text.Len() < 16<<20 {
		text.WriteString(words[r.IntN(len(words))] + " ")
		if r.IntN(12) == 0 {
			text.WriteString(drawnFrom(r, "0123456789abcdef", 8) + "\n")
		}
	}
	log := []byte(text.String())
	s := NewScanner(NewMatcher(keys, Options{Others: true}))
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		if _, err := s.Scan(bytes.NewReader(log), func(Hit) {}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWalk looks into files that are in memory: many small ones, where folders and
// opening count, and a few large ones, where reading does.
func BenchmarkWalk(b *testing.B) {
	for _, c := range []struct {
		name        string
		files, size int
	}{{"small", 5000, 2 << 10}, {"large", 4, 8 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(3, 4))
			dir := b.TempDir()
			const drawn = "abcdefghijklmnopqrstuvwxyz0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ\n"
			for i := range c.files {
				path := filepath.Join(dir, fmt.Sprint("d", i/50), fmt.Sprint("f", i))
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(drawnFrom(r, drawn, c.size)), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			m := NewMatcher([]Key{newKey(r), newKey(r), newKey(r), newKey(r)}, Options{Others: true})
			b.SetBytes(int64(c.files * c.size))
			for b.Loop() {
				col := NewCollector(m, nil, nil)
				if _, err := Walk(context.Background(), col, WalkOptions{Roots: []string{dir}, Archives: true}); err != nil {
					b.Fatal(err)
				}
				if n := col.Result().Files; n != int64(c.files) {
					b.Fatalf("%d files were looked at", n)
				}
			}
		})
	}
}

// BenchmarkNewMatcher is most of what a scan of few files costs.
func BenchmarkNewMatcher(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	keys := []Key{newKey(r), newKey(r), newKey(r), newKey(r)}
	for b.Loop() {
		NewMatcher(keys, Options{Others: true})
	}
}
