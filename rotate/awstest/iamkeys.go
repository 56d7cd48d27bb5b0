package awstest

import (
	"strings"
	"time"
)

const maxKeys = 2

// userName is the element that names a key's owner. Root's keys have none.
func userName(w *identity) []node {
	if w.kind != kindUser {
		return nil
	}
	return []node{leaf("UserName", w.name)}
}

func (s *Server) listAccessKeys(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	page, more, err := page(s, c, s.listed(u, c.now))
	if err != nil {
		return nil, err
	}
	list := members("AccessKeyMetadata", page, func(k *key) node {
		status := k.status
		if c.now.Before(k.changed.Add(s.timing.list)) {
			status = k.before
		}
		return tree("", append(userName(u),
			leaf("AccessKeyId", k.id),
			leaf("Status", status),
			date("CreateDate", k.created))...)
	})
	return append(append(more, userName(u)...), list), nil
}

// listed is what a list shows that lags behind by the list delay.
func (s *Server) listed(u *identity, now time.Time) []*key {
	d := s.timing.list
	var out []*key
	for _, k := range s.order {
		if k.who == u && !now.Before(k.created.Add(d)) && (k.exists() || now.Before(k.deleted.Add(d))) {
			out = append(out, k)
		}
	}
	return out
}

func (s *Server) createAccessKey(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	if len(s.owned(u)) >= maxKeys {
		return nil, errorf(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: %d", maxKeys)
	}
	k := s.newKey(u, Key{}, c.now)
	k.byAPI = true
	if u.kind == kindRoot {
		u.acct.rootKeysMade++
	}
	return []node{tree("AccessKey", append(userName(u),
		leaf("AccessKeyId", k.id),
		leaf("Status", k.status),
		leaf("SecretAccessKey", k.secret),
		date("CreateDate", k.created))...)}, nil
}

// targetKey is the key an action names, if it is one of the target's.
func (s *Server) targetKey(c *caller) (*key, error) {
	id := c.form.Get("AccessKeyId")
	if err := checkKeyID(id); err != nil {
		return nil, err
	}
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	if k := s.keys[id]; k != nil && k.who == u && k.exists() && !k.temp {
		return k, nil
	}
	return nil, missing("The Access Key with id %s cannot be found.", id)
}

func checkKeyID(id string) error {
	if len(id) < 16 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return invalid("1 validation error detected: Value at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16")
	}
	return nil
}

func (s *Server) updateAccessKey(c *caller) ([]node, error) {
	status := c.form.Get("Status")
	if status != Active && status != Inactive {
		return nil, invalid("1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]", status)
	}
	k, err := s.targetKey(c)
	if err != nil {
		return nil, err
	}
	k.setStatus(status, c.now)
	return nil, nil
}

func (s *Server) deleteAccessKey(c *caller) ([]node, error) {
	k, err := s.targetKey(c)
	if err != nil {
		return nil, err
	}
	k.deleted = c.now
	return nil, nil
}

// getAccessKeyLastUsed does not tell an unknown key from another account's.
func (s *Server) getAccessKeyLastUsed(c *caller) ([]node, error) {
	id := c.form.Get("AccessKeyId")
	if err := checkKeyID(id); err != nil {
		return nil, err
	}
	k := s.keys[id]
	if k == nil || k.temp || !k.exists() || k.who.acct != c.acct {
		return nil, c.forbidden("because no identity-based policy allows the iam:GetAccessKeyLastUsed action")
	}
	u := k.lastUse(c.now)
	last := tree("AccessKeyLastUsed", leaf("ServiceName", "N/A"), leaf("Region", "N/A"))
	if !u.at.IsZero() {
		last = tree("AccessKeyLastUsed", leaf("ServiceName", u.service), leaf("Region", u.region), date("LastUsedDate", u.at))
	}
	return append(userName(k.who), last), nil
}
