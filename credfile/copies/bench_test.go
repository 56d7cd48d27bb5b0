package copies

import (
	"bytes"
	"math/rand/v2"
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

// BenchmarkNewMatcher is most of what a scan of few files costs.
func BenchmarkNewMatcher(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	keys := []Key{newKey(r), newKey(r), newKey(r), newKey(r)}
	for b.Loop() {
		NewMatcher(keys, Options{Others: true})
	}
}
