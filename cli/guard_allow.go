package cli

import (
	"bufio"
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keycare/credfile/copies"
	"keycare/credfile/show"
)

// This file is about the list of keys that may be in a repository. A line of it names
// a key by its ID, or by a hash.
//
// The hash has to be the same for everyone who works in the repository and in its CI,
// so its salt stands in the line; a key of one machine would be of no use to others. An
// ID has 80 bits, of which 40 are its account, and an account number is no secret. That
// leaves 40 to be guessed, so the hash is a slow one. An API key for Bedrock has far
// more. No hash is made of the user's own keys, nor of an API key of their accounts.

// allowFile is the list of keys that may be in a repository.
const allowFile = ".keycare-allow"

const (
	hashMark   = "hash:"
	hashRounds = 1 << 16
	saltSize   = 8
	hashSize   = 16
	// mostHashed bounds the hashes that one check makes. What comes after them is not
	// allowed.
	mostHashed = 500
)

// allowList is what a repository allows, each until a time.
type allowList struct {
	path   string
	ids    map[string]time.Time
	hashes map[string]map[string]time.Time // by salt, then by hash
	salts  []string
	made   map[string]string // hashes of this run, by salt and value
}

// readAllowed reads the list at the top of the work tree: "KEYID 2027-01-31 reason" or
// "hash:SALT:HASH 2027-01-31 reason" a line. A repository cannot allow the user's own
// keys.
func (g *guard) readAllowed(top string) error {
	if top == "" {
		return nil
	}
	a := &g.allowed
	a.path = filepath.Join(top, allowFile)
	fi, err := g.e.Disk.Lstat(a.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !fi.Mode().IsRegular() || fi.Size() > 1<<20:
		return fmt.Errorf("%s is not a small regular file", a.path)
	}
	b, err := g.e.Disk.ReadFile(a.path)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := g.allow(words, n); err != nil {
			return fmt.Errorf("%s:%d: %w", a.path, n, err)
		}
	}
	return lines.Err()
}

// allow takes one line of the list.
func (g *guard) allow(words []string, n int) error {
	a := &g.allowed
	salt, hash, hashed := hashIn(words[0])
	if !hashed && !show.IsKeyID(words[0]) {
		return errors.New("the line does not begin with a key ID or with a hash of keycare guard")
	}
	if len(words) < 3 {
		return errors.New("write the key ID, the last day (2027-01-31) and a reason")
	}
	until, err := time.Parse(time.DateOnly, words[1])
	if err != nil {
		return errors.New("the second word is not a day such as 2027-01-31")
	}
	until = until.AddDate(0, 0, 1)
	switch {
	case hashed:
		if a.hashes == nil {
			a.hashes = map[string]map[string]time.Time{}
		}
		if a.hashes[salt] == nil {
			a.hashes[salt], a.salts = map[string]time.Time{}, append(a.salts, salt)
		}
		a.hashes[salt][hash] = until
	case slices.ContainsFunc(g.keys, func(k copies.Key) bool { return k.ID == words[0] }):
		g.e.warn("%s:%d: key %s is your own, so the line does not count", a.path, n, words[0])
	default:
		if a.ids == nil {
			a.ids = map[string]time.Time{}
		}
		a.ids[words[0]] = until
	}
	return nil
}

// hashIn are the parts of hash:SALT:HASH.
func hashIn(word string) (salt, hash string, ok bool) {
	rest, ok := strings.CutPrefix(word, hashMark)
	salt, hash, two := strings.Cut(rest, ":")
	isHex := func(s string, size int) bool {
		b, err := hex.DecodeString(s)
		return err == nil && len(b) == size && s == strings.ToLower(s)
	}
	return salt, hash, ok && two && isHex(salt, saltSize) && isHex(hash, hashSize)
}

// has reports whether the list has a value that is still allowed.
func (a *allowList) has(value string, now time.Time) bool {
	if until, ok := a.ids[value]; ok && now.Before(until) {
		return true
	}
	for _, salt := range a.salts {
		until, ok := a.hashes[salt][a.hash(salt, value)]
		if ok && now.Before(until) {
			return true
		}
	}
	return false
}

// hash is that of a value; empty if too many were made.
func (a *allowList) hash(salt, value string) string {
	if h, ok := a.made[salt+value]; ok {
		return h
	}
	raw, err := hex.DecodeString(salt)
	if err != nil || len(a.made) >= mostHashed {
		return ""
	}
	key, err := pbkdf2.Key(sha256.New, value, raw, hashRounds, hashSize)
	if err != nil {
		return ""
	}
	if a.made == nil {
		a.made = map[string]string{}
	}
	a.made[salt+value] = hex.EncodeToString(key)
	return a.made[salt+value]
}

// hashed is a value as a line of the list names it, with the salt that the list has.
func (a *allowList) hashed(value string) (string, error) {
	if len(a.salts) == 0 {
		raw := make([]byte, saltSize)
		if _, err := rand.Read(raw); err != nil {
			return "", err
		}
		a.salts = append(a.salts, hex.EncodeToString(raw))
	}
	hash := a.hash(a.salts[0], value)
	if hash == "" {
		return "", errors.New("too many keys")
	}
	return hashMark + a.salts[0] + ":" + hash, nil
}
