package report

import (
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
)

// Kinds of keys, by what AWS says of their owner or else by what their IDs say.
const (
	KindRoot     = "root"
	KindUser     = "user"
	KindRole     = "role session"
	KindLongTerm = "long-term" // the owner is not known
	KindSession  = "session"
	KindCanary   = "canary"
	KindExample  = "example"
	KindOther    = "other" // no key ID of AWS's
)

// States of a key.
const (
	KeyActive   = "active"
	KeyInactive = "inactive"
	KeyRejected = "rejected" // AWS does not accept it: deleted, inactive, or a wrong secret
)

// Key is one key of the files, and what is known of it.
type Key struct {
	ID       string    `json:"id"`      // empty if it may not be shown
	Account  string    `json:"account"` // empty if it is not known
	UserARN  string    `json:"user_arn"`
	Kind     string    `json:"kind"`
	Profiles []string  `json:"profiles"`
	File     string    `json:"file"`
	Line     int       `json:"line"`
	Created  time.Time `json:"created,omitzero"`
	// Due is from when on the key is older than the limit, so that keycare rotate
	// --due takes it; zero if that is not known, and for keys that are not rotated.
	Due time.Time `json:"due,omitzero"`
	// FirstSeen is when this machine saw the key first.
	FirstSeen time.Time `json:"first_seen,omitzero"`
	Status    string    `json:"status"` // empty if it is not known
	// LastUsed is nil if it is not known.
	LastUsed *KeyUse    `json:"last_used,omitempty"`
	Others   []OtherKey `json:"other_keys"` // of the same user
	// Replaces is the key that keycare put this one in the place of.
	Replaces *Replaced `json:"replaces,omitempty"`
	Unknown  []Unknown `json:"unknown"`
	// These are nil but after a deep audit, and where it did not learn them.
	Calls    *KeyCalls    `json:"calls,omitempty"`
	Powers   *KeyPowers   `json:"powers,omitempty"`
	Services *KeyServices `json:"services,omitempty"`
}

// KeyUse is the last use of a key, as far as IAM recorded it.
type KeyUse struct {
	Never   bool      `json:"never"`
	At      time.Time `json:"at,omitzero"`
	Service string    `json:"service"`
	Region  string    `json:"region"`
}

// OtherKey is another key of a key's user.
type OtherKey struct {
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Created  time.Time `json:"created,omitzero"`
	LastUsed *KeyUse   `json:"last_used,omitempty"`
}

// Replaced is a key that was replaced.
type Replaced struct {
	ID string    `json:"id"`
	At time.Time `json:"time"`
}

// Unknown is what AWS did not tell, and why.
type Unknown struct {
	Fact string `json:"fact"`
	Why  string `json:"why"`
}

// keyList is every selected key, in the order of the files.
func (a *auditor) keyList() []Key {
	asked := make(map[string]bool)
	for _, k := range a.answers() {
		asked[k.ID] = true
	}
	all := []Key{}
	for _, k := range a.inventory.keys {
		if k.selected() {
			all = append(all, a.listed(k, asked[k.ID]))
		}
	}
	return all
}

func (a *auditor) listed(k *key, asked bool) Key {
	f := a.keyFinding(k)
	l := Key{ID: f.KeyID, Account: f.Account, Kind: k.kind(), File: f.File, Line: f.Line, Others: []OtherKey{}, Unknown: []Unknown{}, Profiles: []string{}}
	for _, name := range f.Profiles {
		l.Profiles = append(l.Profiles, show.Field(name))
	}
	for _, r := range a.in.Replaced {
		if k.valid && r.New == k.ID && show.IsKeyID(r.Old) {
			l.Replaces = &Replaced{r.Old, facts.Whole(r.At)}
		}
	}
	if !asked {
		return l
	}
	o := a.in.Online[k.ID]
	l.FirstSeen = facts.Whole(o.FirstSeen)
	unknown := func(fact, why string) {
		if why != "" {
			l.Unknown = append(l.Unknown, Unknown{fact, show.Flow(why)})
		}
	}
	if o.Identity.Known() {
		l.UserARN = o.Identity.Value.ARN
		l.Kind = map[string]string{facts.OwnerRoot: KindRoot, facts.OwnerUser: KindUser, facts.OwnerRole: KindRole}[o.Identity.Value.Owner()]
	}
	if o.Rejected {
		l.Status = KeyRejected
		return l
	}
	unknown("owner", o.Identity.Why())
	if k.Kind != credfile.LongTerm {
		return l
	}
	if o.Created.Known() {
		l.Created = facts.Whole(o.Created.Value)
	}
	unknown("created", o.Created.Why())
	if o.Status.Known() {
		l.Status = keyStatus(o.Status.Value == "Active")
	}
	unknown("status", o.Status.Why())
	if l.Kind == KindUser && l.Status != KeyInactive {
		l.Due = a.in.Policy.due(l.Created)
	}
	l.LastUsed = useOf(o.LastUsed)
	if o.OwnUse {
		unknown("last_used", "the last use is keycare's own")
		l.LastUsed = nil
	}
	unknown("last_used", o.LastUsed.Why())
	unknown("other_keys", o.Others.Why())
	l.deep(o, &a.in)
	unknown("calls", ifAsked(o.Activity.Why()))
	if u := o.User; u != nil {
		unknown("powers", ifAsked(u.Powers.Why()))
		unknown("services", ifAsked(u.Access.Why()))
	}
	for _, other := range o.Others.Value {
		if o.Others.Known() && show.IsKeyID(other.ID) {
			l.Others = append(l.Others, OtherKey{other.ID, keyStatus(other.Active), facts.Whole(other.Created), useOf(other.LastUsed)})
		}
	}
	return l
}

func keyStatus(active bool) string {
	if active {
		return KeyActive
	}
	return KeyInactive
}

// useOf is nil for what is not known.
func useOf(u facts.Answer[facts.Use]) *KeyUse {
	if !u.Known() {
		return nil
	}
	if u.Value.At.IsZero() {
		return &KeyUse{Never: true}
	}
	said := func(s string) string {
		if s == "N/A" {
			return ""
		}
		return s
	}
	return &KeyUse{At: facts.Whole(u.Value.At), Service: said(u.Value.Service), Region: said(u.Value.Region)}
}

// kind is what the ID says.
func (k *key) kind() string {
	switch {
	case k.Canary:
		return KindCanary
	case k.Example:
		return KindExample
	case !k.valid:
		return KindOther
	case k.Kind == credfile.LongTerm:
		return KindLongTerm
	case k.Kind == credfile.Temporary:
		return KindSession
	}
	return KindOther
}
