package awstest

import (
	"slices"
	"time"

	"keycare/credfile/sorting"
)

// The methods of this file act at once and are seen as IAM would show them: a deletion here is subject to SetListDelay
// and SetRevocationDelay like one that came through the API.

// AddKey gives a user a key pair. user is as for AddUser. The limit of two keys is not enforced, and the key has
// spread already.
func (s *Server) AddKey(user string, created time.Time) Key {
	return s.ImportKey(user, Key{}, created)
}

// ImportKey is AddKey with a known ID, a known secret, or both.
func (s *Server) ImportKey(user string, k Key, created time.Time) Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newKey(s.find(user), k, created).pair().Key
}

// AddRootKey gives an account's root user a key pair. account "" means DefaultAccount.
func (s *Server) AddRootKey(account string, created time.Time) Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newKey(s.acct(account).root, Key{}, created).pair().Key
}

// RootKeysMade counts the root keys made through the API.
func (s *Server) RootKeysMade(account string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acct(account).rootKeysMade
}

// AddSession makes temporary credentials, valid until expires: for "role/NAME" (or a role's ARN) those of an assumed
// role, for a user those of GetSessionToken with a second factor.
func (s *Server) AddSession(principal string, expires time.Time) Session {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newSession(s.find(principal), "session", true, now, expires).pair()
}

// SetKeyStatus sets Active or Inactive.
func (s *Server) SetKeyStatus(id, status string) {
	if status != Active && status != Inactive {
		panic("awstest: no key status " + status)
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.findKey(id).setStatus(status, now)
}

// DeleteKey deletes a key as a person would in the console.
func (s *Server) DeleteKey(id string) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.findKey(id).deleted = now
}

// SetLastUsed replaces what is known of a key's use; a zero time means never used.
func (s *Server) SetLastUsed(id string, at time.Time, service, region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.findKey(id)
	k.uses = nil
	if !at.IsZero() {
		k.uses = []use{{at: at, service: service, region: region}}
	}
}

// Keys lists the keys a user really has, oldest first, whatever ListAccessKeys says at this time.
func (s *Server) Keys(user string) []KeyInfo {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []KeyInfo
	for _, k := range s.owned(s.find(user)) {
		out = append(out, k.info(now))
	}
	sorting.By(out, func(a, b KeyInfo) int { return a.Created.Compare(b.Created) })
	return out
}

// Works reports whether both services would accept the pair at this moment, and as whom. It does not count as a use
// nor for View.Seen.
func (s *Server) Works(id, secret string) (arn string, ok bool) {
	now := s.now()
	if !s.ask("sts", id, now, false) || !s.ask("iam", id, now, false) {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[id]
	if k == nil || k.secret != secret || !k.alive(now, s.timing.revoke) || k.temp && !now.Before(k.expires) {
		return "", false
	}
	return k.callerARN(), true
}

// Valid is Works without the delays: whether the pair is an existing, active key once everything has spread.
func (s *Server) Valid(id, secret string) (arn string, ok bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[id]
	if k == nil || k.secret != secret || !k.alive(now, 0) || k.temp && !now.Before(k.expires) {
		return "", false
	}
	return k.callerARN(), true
}

// Secret is the secret of a key, also of a deleted one, or "".
func (s *Server) Secret(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keys[id]; k != nil {
		return k.secret
	}
	return ""
}

// Secrets lists every secret and session token ever made, for a search where none may be.
func (s *Server) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.tokens)
	for _, k := range s.keys {
		out = append(out, k.secret)
	}
	return out
}

// SetPropagation says how long a key made by CreateAccessKey is unknown to STS and to IAM.
func (s *Server) SetPropagation(sts, iam time.Duration) {
	s.set(func(t *timing) { t.sts, t.iam = sts, iam })
}

// SetRevocationDelay says how long a deleted or deactivated key goes on working.
func (s *Server) SetRevocationDelay(d time.Duration) { s.set(func(t *timing) { t.revoke = d }) }

// SetTrailDelay says how long it takes until CloudTrail shows a CreateAccessKey; at AWS up to 15 minutes.
func (s *Server) SetTrailDelay(d time.Duration) { s.set(func(t *timing) { t.trail = d }) }

// SetListDelay makes ListAccessKeys stale: what was created, deleted or given another status less than d ago shows as
// it was before.
func (s *Server) SetListDelay(d time.Duration) { s.set(func(t *timing) { t.list = d }) }

// SetUseRecording says how long it takes until a use shows as a key's last, and to which step its time is rounded down
// (IAM: 15 minutes). Zero, the default, records at once and exactly.
func (s *Server) SetUseRecording(delay, step time.Duration) {
	s.set(func(t *timing) { t.useDelay, t.useStep = delay, step })
}

func (s *Server) set(f func(*timing)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.timing)
}

// SetVisible has f say, for every long-term key at every request, whether it has spread to the service, in place of
// SetPropagation: keys made by a setter are asked about too. A key that does not exist or is not active is refused
// whatever f says. nil ends that.
func (s *Server) SetVisible(f func(View) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visible = f
}

// SetPageSize limits the items of one page of a list; the default is 100.
func (s *Server) SetPageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = n
}
