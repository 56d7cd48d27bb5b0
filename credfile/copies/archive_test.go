package copies

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
)

// sparse is a tar file of GNU's with holes, as tar -S makes it and Go does not.
func sparse(t *testing.T, name, text string) string {
	t.Helper()
	all := []byte(tarred(t, name, text))
	all[156] = tar.TypeGNUSparse
	copy(all[386:], fmt.Sprintf("%011o\x00%011o\x00", 1<<20, len(text))) // one piece, behind a hole
	copy(all[483:], fmt.Sprintf("%011o\x00", 1<<20+len(text)))
	copy(all[148:156], "        ")
	sum := 0
	for _, c := range all[:512] {
		sum += int(c)
	}
	copy(all[148:], fmt.Sprintf("%06o\x00 ", sum))
	return string(all)
}

// Archives in ways that Go's packages stop at, or that a person would not call one.
func TestArchivesAsTheyAre(t *testing.T) {
	h := newHome(t)
	first := tarred(t, "first", "x")
	h.write("joined.tar", first+first+tarred(t, ".env", h.env()))
	h.write("joined.tgz", gzipped(t, first)+gzipped(t, tarred(t, ".env", h.env())))
	h.write("behind.tar", first+strings.Repeat("\x00", 5000)+h.env())
	h.write("sparse.tar", sparse(t, ".env", h.env()))
	packed, err := base64.StdEncoding.DecodeString(bzipped)
	if err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	text := []byte("x\nid=AKIAZAVB57H55F3T4BKH\n")
	for _, method := range []uint16{12, 14} { // bzip2, and lzma, which it is not
		raw, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(method), Method: method, CRC32: crc32.ChecksumIEEE(text), CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(text))})
		if err == nil {
			_, err = raw.Write(packed)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	h.write("methods.zip", z.String())
	h.write("browser.crx", "Cr24\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00ks"+zipped(t, ".env", h.env()))
	h.write("cut.zip", "PK\x03\x04"+h.env())
	h.write("a.pdf", "%PDF-1.7\n"+h.env())
	h.write("in.tar", tarred(t, "b.pdf", "%PDF-1.7\n"))
	for name, begin := range map[string]string{
		"lz4": "\x04\x22\x4d\x18", "Z": "\x1f\x9d\x90", "lz": "LZIP", "cab": "MSCF\x00\x00\x00\x00", "deb": "!<arch>\ndebian-binary",
		"pkg": "xar!", "pack": "PACK\x00\x00\x00\x02", "bundle": "# v2 git bundle\n",
		"rpm": "\xed\xab\xee\xdb", "snap": "hsqs", "lzma": "\x5d\x00\x00\x80\x00" + strings.Repeat("\xff", 8) + "\x00",
	} {
		h.write("odd/x."+name, begin+strings.Repeat("x", 100))
	}
	r, _, err := h.look(WalkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		".env!browser.crx own: ID and secret:1",
		".env!joined.tar own: ID and secret:1",
		".env!joined.tgz own: ID and secret:1",
		".env!sparse.tar own: ID and secret:1",
		"12!methods.zip : ID:2",
		"a.pdf own: ID and secret:2",
		"behind.tar own: ID and secret:1",
		"cut.zip own: ID and secret:1",
	}
	if got := h.found(r); !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for reason, n := range map[Reason]int{OddArchive: 12, BadArchive: 1, PDFText: 2, Encrypted: 0} {
		if reasons(r)[reason] != n {
			t.Errorf("%s: %v", reason, r.Skipped)
		}
	}
}

// A tar file of thousands, one after another, is looked into to its end.
func TestManyTarFilesInOne(t *testing.T) {
	h := newHome(t)
	h.write("many.tar", strings.Repeat(tarred(t, "x", ""), 8000)+tarred(t, ".env", h.env()))
	r, _, err := h.look(WalkOptions{})
	if err != nil || len(r.Copies) != 1 || r.Copies[0].Inner != ".env" {
		t.Errorf("%v, %+v", err, r)
	}
}
