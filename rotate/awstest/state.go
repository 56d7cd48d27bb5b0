package awstest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

type kind int

const (
	kindUser kind = iota
	kindRoot
	kindRole
)

// account is one AWS account.
type account struct {
	id, partition string
	root          *identity
	users         []*identity
	roles         []*identity
	groups        []*group
	policy        *PasswordPolicy
	summary       map[string]int
	report        report
	rootKeysMade  int
	contact       bool                 // for security
	managed       map[string][]string  // texts of policies by ARN, the last is the default version
	jobs          map[string]accessJob // by ID
}

// identity is whoever can sign: a user, an account's root, or a role. It is kept by pointer and ID, so a renamed user
// stays the same.
type identity struct {
	kind             kind
	acct             *account
	id, path, name   string
	created          time.Time
	gone             bool
	mfa              []*mfaDevice
	attached, inline []string
	documents        map[string]string // of inline policies; none means emptyPolicy
	certificates     []Certificate
	credentials      []ServiceCredential
	login            time.Time // console password set; zero: none
	passwordUsed     time.Time
	requireMFA       bool
	denied           map[string]bool // lower-case action, or "*"
	row              map[string]string
	boundary         string // ARN
	allowed, maybe   []string
	services         map[string]time.Time
}

type mfaDevice struct {
	serial, code string
	enabled      time.Time
}

type group struct {
	acct             *account
	id, path, name   string
	created          time.Time
	members          []*identity
	attached, inline []string
	documents        map[string]string
}

func (a *account) arn(rest string) string { return "arn:" + a.partition + ":iam::" + a.id + ":" + rest }

func (w *identity) arn() string {
	switch w.kind {
	case kindRoot:
		return w.acct.arn("root")
	case kindRole:
		return w.acct.arn("role" + w.path + w.name)
	}
	return w.acct.arn("user" + w.path + w.name)
}

func (g *group) arn() string { return g.acct.arn("group" + g.path + g.name) }

// callerARN and callerID are what STS says about a key.
func (k *key) callerARN() string {
	if k.who.kind == kindRole {
		return "arn:" + k.who.acct.partition + ":sts::" + k.who.acct.id + ":assumed-role/" + k.who.name + "/" + k.session
	}
	return k.who.arn()
}

func (k *key) callerID() string {
	if k.who.kind == kindRole {
		return k.who.id + ":" + k.session
	}
	return k.who.id
}

func (a *account) user(name string) *identity {
	for _, u := range a.users {
		if u.name == name {
			return u
		}
	}
	return nil
}

func (a *account) role(name string) *identity {
	for _, r := range a.roles {
		if r.name == name {
			return r
		}
	}
	return nil
}

func (a *account) group(name string) *group {
	for _, g := range a.groups {
		if g.name == name {
			return g
		}
	}
	return nil
}

func (a *account) groupsOf(u *identity) []*group {
	var out []*group
	for _, g := range a.groups {
		if slices.Contains(g.members, u) {
			out = append(out, g)
		}
	}
	return out
}

// administrator reports whether a policy named AdministratorAccess reaches w.
func (w *identity) administrator() bool {
	all := slices.Clone(w.attached)
	for _, g := range w.acct.groupsOf(w) {
		all = append(all, g.attached...)
	}
	return w.kind == kindRoot || slices.ContainsFunc(all, func(arn string) bool {
		return strings.HasSuffix(arn, ":aws:policy/AdministratorAccess")
	})
}

func (s *Server) acct(id string) *account {
	if id == "" {
		id = DefaultAccount
	}
	a := s.accounts[id]
	if a == nil {
		panic(fmt.Sprintf("awstest: no account %q", id))
	}
	return a
}

// split takes "123456789013:name" apart; without an account it is the default one.
func (s *Server) split(ref string) (*account, string) {
	if id, name, ok := strings.Cut(ref, ":"); ok {
		return s.acct(id), name
	}
	return s.acct(""), ref
}

// find resolves the reference to an identity that setters take; see AddUser.
func (s *Server) find(ref string) *identity {
	for _, a := range s.accounts {
		for _, w := range slices.Concat([]*identity{a.root}, a.users, a.roles) {
			if w.arn() == ref || w.id == ref {
				return w
			}
		}
	}
	if !strings.HasPrefix(ref, "arn:") {
		a, name := s.split(ref)
		if name == "root" {
			return a.root
		}
		if role, ok := strings.CutPrefix(name, "role/"); ok {
			if r := a.role(role); r != nil {
				return r
			}
		} else if u := a.user(name); u != nil {
			return u
		}
	}
	panic(fmt.Sprintf("awstest: no user %q", ref))
}

func (s *Server) findGroup(ref string) *group {
	a, name := s.split(ref)
	g := a.group(name)
	if g == nil {
		panic(fmt.Sprintf("awstest: no group %q", ref))
	}
	return g
}

func (s *Server) findKey(id string) *key {
	k := s.keys[id]
	if k == nil || !k.exists() {
		panic("awstest: no key " + id)
	}
	return k
}

func (a *account) addUser(path, name string, now time.Time) *identity {
	u := &identity{acct: a, id: newID("AIDA", a.id), path: path, name: name, created: now}
	a.users = append(a.users, u)
	return u
}

func (a *account) addGroup(path, name string, now time.Time) *group {
	g := &group{acct: a, id: newID("AGPA", a.id), path: path, name: name, created: now}
	a.groups = append(a.groups, g)
	return g
}

func add(list *[]string, item string) {
	if !slices.Contains(*list, item) {
		*list = append(*list, item)
	}
}

func remove(list *[]string, item string) bool {
	i := slices.Index(*list, item)
	if i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
	return i >= 0
}
