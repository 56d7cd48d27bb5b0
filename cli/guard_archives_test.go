package cli

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// A key in an archive or in a document is a key, and what an archive had before is old.
func TestGuardArchives(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	g.install()
	zipped := func(members ...string) string { // a name, a text
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i < len(members); i += 2 {
			w, err := z.Create(members[i])
			if err == nil {
				_, err = io.WriteString(w, members[i+1])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	with := zipped("clean.txt", "clean", "conf/.env", g.id+"\n"+g.secret+"\n")
	g.add("k.zip", with)
	out, err := g.run("git", "commit", "-m", "x")
	if err == nil || !strings.Contains(out, "k.zip › conf/.env: ID of key "+g.id) || !strings.Contains(out, "k.zip › conf/.env: secret of key") {
		t.Errorf("%v: %s", err, out)
	}
	g.must("git", "rm", "-q", "-f", "k.zip")
	for name, text := range map[string]string{
		"dump.gz": packed("x\n" + g.secret), "a.docx": zipped("word/document.xml", "<t>"+g.id+"</t>"), "in.zip": zipped("in.zip", with), "cut.zip": with[:len(with)-30] + g.id,
	} {
		g.add(name, text)
		g.stopped("git", "commit", "-m", "x")
		g.must("git", "rm", "-q", "-f", name)
	}
	large := packed(strings.Repeat("a line that nobody needs to read\n", 200_000) + g.id)
	sum := sha256.Sum256([]byte(large))
	id := hex.EncodeToString(sum[:])
	g.file(filepath.Join(".git", "lfs", "objects", id[:2], id[2:4], id), large)
	g.add("big.gz", fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", id, len(large)))
	g.stopped("git", "commit", "-m", "x")
	g.must("git", "rm", "-q", "-f", "big.gz")

	g.add("k.zip", with)
	g.must("git", "commit", "-q", "--no-verify", "-m", "it is there")
	g.add("k.zip", zipped("conf/.env", g.id+"\n"+g.secret+"\n", "more", "more"))
	g.must("git", "commit", "-q", "-m", "no more than before")
	g.add("k.zip", zipped("conf/.env", g.id+"\n", "more", "more"))
	g.must("git", "commit", "-q", "-m", "less")
	g.add("k.zip", zipped("conf/.env", g.id+"\n", "more", g.id))
	g.stopped("git", "commit", "-m", "once more")
}
