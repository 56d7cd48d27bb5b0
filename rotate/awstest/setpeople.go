package awstest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// AddAccount adds an account without users. It does nothing if the account is there.
func (s *Server) AddAccount(id, partition string) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[id] != nil {
		return
	}
	a := &account{id: id, partition: partition}
	a.root = &identity{kind: kindRoot, acct: a, id: id, created: now}
	s.accounts[id] = a
}

// User is an IAM user. ID, ARN and a zero Created are filled in by AddUser.
type User struct {
	Account string // "": DefaultAccount
	Path    string // "": "/"
	Name    string
	ID, ARN string
	Created time.Time
}

// AddUser adds a user. Elsewhere a user is named by its name (in DefaultAccount), by "ACCOUNT:NAME", by its ARN or by
// its ID; "root" is the root user.
func (s *Server) AddUser(u User) User {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.acct(u.Account)
	if a.user(u.Name) != nil {
		panic("awstest: user " + u.Name + " exists")
	}
	if u.Created.IsZero() {
		u.Created = now
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return a.addUser(u.Path, u.Name, u.Created).public()
}

func (w *identity) public() User {
	return User{Account: w.acct.id, Path: w.path, Name: w.name, ID: w.id, ARN: w.arn(), Created: w.created}
}

// Users lists an account's users.
func (s *Server) Users(account string) []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []User
	for _, u := range s.acct(account).users {
		out = append(out, u.public())
	}
	return out
}

// RenameUser is what UpdateUser does: ID and keys stay, name and ARN change.
func (s *Server) RenameUser(user, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(user).name = name
}

// RemoveUser deletes a user with its keys, as a person would.
func (s *Server) RemoveUser(user string) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	for _, k := range s.owned(u) {
		k.deleted = now
	}
	for _, g := range u.acct.groups {
		g.members = slices.DeleteFunc(g.members, func(m *identity) bool { return m == u })
	}
	u.acct.users = slices.DeleteFunc(u.acct.users, func(x *identity) bool { return x == u })
	u.gone = true
}

// AddRole adds a role that everyone of its account may assume, and returns its ARN.
func (s *Server) AddRole(account, name string) string {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.acct(account)
	r := &identity{kind: kindRole, acct: a, id: newID("AROA", a.id), path: "/", name: name, created: now}
	a.roles = append(a.roles, r)
	return r.arn()
}

// Deny refuses actions ("iam:CreateAccessKey", or "*" for all) to a user, root or role, as if nobody had allowed them.
func (s *Server) Deny(principal string, actions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.find(principal)
	if w.denied == nil {
		w.denied = map[string]bool{}
	}
	for _, a := range actions {
		w.denied[actionName(a)] = true
	}
}

// Allow takes Deny back; without actions all of it.
func (s *Server) Allow(principal string, actions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.find(principal)
	if len(actions) == 0 {
		w.denied = nil
	}
	for _, a := range actions {
		delete(w.denied, actionName(a))
	}
}

func actionName(a string) string {
	if a != "*" && !strings.Contains(a, ":") {
		a = "iam:" + a
	}
	return strings.ToLower(a)
}

// RequireAdmin refuses all of IAM to everyone but root and those to whom AdministratorAccess is attached, directly or by
// a group.
func (s *Server) RequireAdmin(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admin = on
}

// RequireMFA refuses IAM to a user's sessions without a second factor, but for the listing and enabling of devices.
func (s *Server) RequireMFA(user string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(user).requireMFA = on
}

// AddMFA enables a device for a user or root and returns its serial number. code is the first one-time code it accepts, once, and the next number the next; a
// device without one (a security key) accepts none.
func (s *Server) AddMFA(user, name, code string) string {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	serial := u.acct.arn("mfa/" + name)
	if code == "" {
		serial = u.acct.arn("u2f/user/" + u.name + "/" + name)
	}
	u.mfa = append(u.mfa, &mfaDevice{serial: serial, code: code, enabled: now})
	return serial
}

// RemoveMFA takes all devices of a user or root away.
func (s *Server) RemoveMFA(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(user).mfa = nil
}

// SetMFACode changes the code a device accepts.
func (s *Server) SetMFACode(serial, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		for _, u := range slices.Concat(a.users, []*identity{a.root}) {
			for _, d := range u.mfa {
				if d.serial == serial {
					d.code = code
					return
				}
			}
		}
	}
	panic("awstest: no MFA device " + serial)
}

// SetLoginProfile gives a user a console password, set at created and last used at used; a zero created takes it away.
func (s *Server) SetLoginProfile(user string, created, used time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	u.login, u.passwordUsed = created, used
}

// AddGroup adds a group. group is a name in DefaultAccount or "ACCOUNT:NAME", here and elsewhere.
func (s *Server) AddGroup(group string) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	a, name := s.split(group)
	if a.group(name) != nil {
		panic("awstest: group " + group + " exists")
	}
	a.addGroup("/", name, now)
}

// AddMember puts a user into a group.
func (s *Server) AddMember(group, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, u := s.findGroup(group), s.find(user)
	if !slices.Contains(g.members, u) {
		g.members = append(g.members, u)
	}
}

// RemoveMember takes a user out of a group.
func (s *Server) RemoveMember(group, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, u := s.findGroup(group), s.find(user)
	g.members = slices.DeleteFunc(g.members, func(m *identity) bool { return m == u })
}

// SetPolicies sets the ARNs of the managed and the names of the inline policies of a user.
func (s *Server) SetPolicies(user string, attached, inline []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	u.attached, u.inline = slices.Clone(attached), slices.Clone(inline)
}

// SetGroupPolicies is SetPolicies for a group.
func (s *Server) SetGroupPolicies(group string, attached, inline []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.findGroup(group)
	g.attached, g.inline = slices.Clone(attached), slices.Clone(inline)
}

// Policies lists the ARNs of the managed policies attached to a user.
func (s *Server) Policies(user string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.find(user).attached)
}

// GroupPolicies lists the ARNs of the managed policies attached to a group, or nil if there is no such group.
func (s *Server) GroupPolicies(group string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, name := s.split(group)
	if g := a.group(name); g != nil {
		return slices.Clone(g.attached)
	}
	return nil
}

// Groups lists the names of a user's groups.
func (s *Server) Groups(user string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	var out []string
	for _, g := range u.acct.groupsOf(u) {
		out = append(out, g.name)
	}
	return out
}

// SetSummary overrides numbers of GetAccountSummary; the others are counted.
func (s *Server) SetSummary(account string, numbers map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acct(account).summary = maps.Clone(numbers)
}

// PasswordPolicy is what GetAccountPasswordPolicy answers. Zero MaxAge and Reuse are left out of the answer, as at AWS.
type PasswordPolicy struct {
	MinLength                           int
	Symbols, Numbers, Uppercase, Lowers bool
	AllowChange, HardExpiry             bool
	MaxAge, Reuse                       int
}

// SetPasswordPolicy sets the account's policy; nil, as at the start, means none.
func (s *Server) SetPasswordPolicy(account string, p *PasswordPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p != nil {
		c := *p
		p = &c
	}
	s.acct(account).policy = p
}

// MakeReport makes the account's credential report, as of now. Without it, and without GenerateCredentialReport, there is
// none.
func (s *Server) MakeReport(account string) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeReport(s.acct(account), now)
}

// SetReportRow overrides columns of a user's or root's line in the credential report; the others are derived. A column
// that AWS does not have is appended to the report.
func (s *Server) SetReportRow(user string, columns map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(user).row = maps.Clone(columns)
}
