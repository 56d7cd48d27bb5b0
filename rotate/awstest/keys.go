package awstest

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const (
	Active   = "Active"
	Inactive = "Inactive"
)

// Key is a key pair. fmt does not show its secret with any verb, but where it cannot call methods: in an unexported
// field of something else.
type Key struct{ ID, Secret string }

func (k Key) String() string   { return k.ID + " (secret not shown)" }
func (k Key) GoString() string { return k.String() }

// Format keeps the secret out of every verb.
func (k Key) Format(f fmt.State, verb rune) { io.WriteString(f, k.String()) }

// Session is a temporary key pair with its token, printed like a Key.
type Session struct {
	Key
	Token string
}

// KeyInfo is what IAM tells about a long-term key. LastUsed is zero for a key never used.
type KeyInfo struct {
	ID, Status      string
	Created         time.Time
	LastUsed        time.Time
	Service, Region string
}

// key is a long-term or a temporary key. A deleted one stays, since lists and authentication may lag behind.
type key struct {
	id, secret, token string
	who               *identity
	created           time.Time
	byAPI             bool
	status, before    string // before: the status until changed
	changed           time.Time
	deleted           time.Time // zero while it exists
	uses              []use     // oldest first, only those that can still be the visible one
	asked             map[string]int

	// Temporary keys only.
	temp    bool
	session string // role session name
	mfa     bool
	expires time.Time
}

type use struct {
	at, shown       time.Time // shown: from when on IAM tells of it
	service, region string
}

func (k *key) exists() bool { return k.deleted.IsZero() }

// alive reports whether the key's state lets it authenticate, with delay for the time a withdrawn key lives on.
func (k *key) alive(now time.Time, delay time.Duration) bool {
	switch {
	case k.who.gone:
		return false
	case !k.exists():
		return now.Before(k.deleted.Add(delay))
	case k.status != Active:
		return now.Before(k.changed.Add(delay))
	}
	return true
}

func (k *key) setStatus(status string, now time.Time) {
	if k.status != status {
		k.before, k.status, k.changed = k.status, status, now
	}
}

func (k *key) use(service, region string, now time.Time, t timing) {
	u := use{at: now, shown: now.Add(t.useDelay), service: service, region: region}
	if t.useStep > 0 {
		u.at = u.at.Truncate(t.useStep)
	}
	k.uses = append(k.uses, u)
	for len(k.uses) > 1 && !now.Before(k.uses[1].shown) {
		k.uses = k.uses[1:]
	}
}

func (k *key) lastUse(now time.Time) use {
	var last use
	for _, u := range k.uses {
		if !now.Before(u.shown) {
			last = u
		}
	}
	return last
}

func (k *key) info(now time.Time) KeyInfo {
	u := k.lastUse(now)
	return KeyInfo{ID: k.id, Status: k.status, Created: k.created, LastUsed: u.at, Service: u.service, Region: u.region}
}

// newKey makes a key of who, with a fresh ID and secret where none is given.
func (s *Server) newKey(who *identity, k Key, created time.Time) *key {
	for k.ID == "" || s.keys[k.ID] != nil {
		if k.ID != "" {
			panic("awstest: key " + k.ID + " exists")
		}
		if id := newID("AKIA", who.acct.id); s.keys[id] == nil {
			k.ID = id
		}
	}
	if k.Secret == "" {
		k.Secret = newSecret(30)
	}
	made := &key{id: k.ID, secret: k.Secret, who: who, created: created, status: Active, before: Active}
	s.keys[k.ID] = made
	s.order = append(s.order, made)
	return made
}

func (s *Server) newSession(who *identity, name string, mfa bool, now, expires time.Time) *key {
	k := &key{
		id:     newID("ASIA", who.acct.id),
		secret: newSecret(30),
		token:  "IQoJb3JpZ2luX2Vj" + newSecret(180),
		who:    who, created: now, status: Active, before: Active,
		temp: true, session: name, mfa: mfa, expires: expires,
	}
	s.keys[k.id] = k
	s.tokens = append(s.tokens, k.token)
	return k
}

func (k *key) pair() Session { return Session{Key: Key{k.id, k.secret}, Token: k.token} }

// owned lists the existing long-term keys of who, as created.
func (s *Server) owned(who *identity) []*key {
	var out []*key
	for _, k := range s.order {
		if k.who == who && k.exists() {
			out = append(out, k)
		}
	}
	return out
}

// newID makes an ID of the present generation, from which the account can be read: after the prefix one set bit, 40
// bits of account number, and the rest random. User and role IDs have one more character than key IDs.
func newID(prefix, account string) string {
	n, err := strconv.ParseUint(account, 10, 40)
	if err != nil {
		panic("awstest: account " + account + " is not a number")
	}
	var b [10]byte
	rand.Read(b[:])
	low := binary.BigEndian.Uint64(b[:8]) & (1<<23 - 1)
	binary.BigEndian.PutUint64(b[:8], (1<<40|n)<<23|low)
	id := prefix + base32.StdEncoding.EncodeToString(b[:])
	if !strings.HasPrefix(prefix, "AK") && !strings.HasPrefix(prefix, "AS") {
		var more [5]byte
		rand.Read(more[:])
		id += base32.StdEncoding.EncodeToString(more[:])[:1]
	}
	return id
}

// newSecret makes n random bytes' worth of [A-Za-z0-9+/]; n must be a multiple of 3.
func newSecret(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// accountOf reads the account from an ID, or "" if it is of the old generation or no ID.
func accountOf(id string) string {
	if len(id) < 16 {
		return ""
	}
	var v uint64
	for _, c := range id[4:13] {
		i := strings.IndexRune("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", c)
		if i < 0 {
			return ""
		}
		v = v<<5 | uint64(i)
	}
	n := v >> 4 & (1<<40 - 1)
	if v>>44 == 0 || n == 0 || n > 999999999999 {
		return ""
	}
	return fmt.Sprintf("%012d", n)
}
