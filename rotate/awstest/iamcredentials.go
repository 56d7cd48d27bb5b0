package awstest

import (
	"maps"
	"slices"
	"time"
)

// Certificate is an X.509 certificate with which a user, or root, signs calls of old interfaces.
type Certificate struct {
	ID       string // "": made up
	Status   string // "": Active
	Uploaded time.Time
}

// ServiceCredential is a password or API key of a user for one service.
type ServiceCredential struct {
	ID               string // "": made up
	Service          string // as "codecommit.amazonaws.com"
	Status           string // "": Active
	Created, Expires time.Time
}

// AddCertificate gives a user a signing certificate and returns its ID.
func (s *Server) AddCertificate(user string, c Certificate) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	if c.ID == "" {
		c.ID = newID("ASCA", u.acct.id)
	}
	if c.Status == "" {
		c.Status = Active
	}
	u.certificates = append(u.certificates, c)
	return c.ID
}

// AddServiceCredential gives a user a credential for one service and returns its ID.
func (s *Server) AddServiceCredential(user string, c ServiceCredential) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	if c.ID == "" {
		c.ID = newID("ACCA", u.acct.id)
	}
	if c.Status == "" {
		c.Status = Active
	}
	u.credentials = append(u.credentials, c)
	return c.ID
}

// SetInline sets the inline policies of a user to these documents, by name. They are not looked at: whatever they say,
// they allow nothing and deny nothing here.
func (s *Server) SetInline(user string, documents map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	u.inline, u.documents = policyNames(documents), maps.Clone(documents)
}

// SetGroupInline is SetInline for a group.
func (s *Server) SetGroupInline(group string, documents map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.findGroup(group)
	g.inline, g.documents = policyNames(documents), maps.Clone(documents)
}

func policyNames(documents map[string]string) []string { return slices.Sorted(maps.Keys(documents)) }

func (s *Server) listSigningCertificates(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	return paged(s, c, "Certificates", u.certificates, func(one Certificate) node {
		return tree("", append(userName(u), leaf("CertificateId", one.ID), leaf("CertificateBody", "-----BEGIN CERTIFICATE-----"),
			leaf("Status", one.Status), date("UploadDate", one.Uploaded))...)
	})
}

func (s *Server) listServiceCredentials(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	return paged(s, c, "ServiceSpecificCredentials", u.credentials, func(one ServiceCredential) node {
		n := tree("", append(userName(u), leaf("ServiceSpecificCredentialId", one.ID), leaf("ServiceName", one.Service),
			leaf("ServiceUserName", u.name+"-at-"+u.acct.id), leaf("Status", one.Status), date("CreateDate", one.Created))...)
		if !one.Expires.IsZero() {
			n.kids = append(n.kids, date("ExpirationDate", one.Expires))
		}
		return n
	})
}

// listVirtualMFADevices lists the assigned devices that are programs on a phone, of all users and root. A device is
// one if it has a code.
func (s *Server) listVirtualMFADevices(c *caller) ([]node, error) {
	var all []node
	if c.form.Get("AssignmentStatus") != "Unassigned" {
		for _, u := range slices.Concat(c.acct.users, []*identity{c.acct.root}) {
			for _, d := range u.mfa {
				if d.code != "" {
					all = append(all, tree("", leaf("SerialNumber", d.serial), date("EnableDate", d.enabled), u.describe()))
				}
			}
		}
	}
	return paged(s, c, "VirtualMFADevices", all, func(n node) node { return n })
}
