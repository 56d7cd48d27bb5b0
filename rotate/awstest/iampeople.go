package awstest

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"keycare/credfile/sorting"
)

// actions is all the server can do.
var actions = map[string]map[string]func(*Server, *caller) ([]node, error){
	"sts": {
		"AssumeRole":        (*Server).assumeRole,
		"GetAccessKeyInfo":  (*Server).getAccessKeyInfo,
		"GetCallerIdentity": (*Server).getCallerIdentity,
		"GetSessionToken":   (*Server).getSessionToken,
	},
	"iam": {
		"AddUserToGroup":                     (*Server).addUserToGroup,
		"AttachGroupPolicy":                  (*Server).attachGroupPolicy,
		"AttachUserPolicy":                   (*Server).attachUserPolicy,
		"CreateAccessKey":                    (*Server).createAccessKey,
		"CreateGroup":                        (*Server).createGroup,
		"CreateUser":                         (*Server).createUser,
		"DeleteAccessKey":                    (*Server).deleteAccessKey,
		"DeleteGroup":                        (*Server).deleteGroup,
		"DeleteUser":                         (*Server).deleteUser,
		"DetachGroupPolicy":                  (*Server).detachGroupPolicy,
		"DetachUserPolicy":                   (*Server).detachUserPolicy,
		"GenerateCredentialReport":           (*Server).generateCredentialReport,
		"GenerateServiceLastAccessedDetails": (*Server).generateServiceLastAccessed,
		"GetAccessKeyLastUsed":               (*Server).getAccessKeyLastUsed,
		"GetAccountPasswordPolicy":           (*Server).getAccountPasswordPolicy,
		"GetAccountSummary":                  (*Server).getAccountSummary,
		"GetCredentialReport":                (*Server).getCredentialReport,
		"GetGroup":                           (*Server).getGroup,
		"GetGroupPolicy":                     (*Server).getGroupPolicy,
		"GetLoginProfile":                    (*Server).getLoginProfile,
		"GetPolicy":                          (*Server).getPolicy,
		"GetPolicyVersion":                   (*Server).getPolicyVersion,
		"GetServiceLastAccessedDetails":      (*Server).getServiceLastAccessed,
		"GetUser":                            (*Server).getUser,
		"GetUserPolicy":                      (*Server).getUserPolicy,
		"ListAccessKeys":                     (*Server).listAccessKeys,
		"ListAttachedGroupPolicies":          (*Server).listAttachedGroupPolicies,
		"ListAttachedUserPolicies":           (*Server).listAttachedUserPolicies,
		"ListGroupPolicies":                  (*Server).listGroupPolicies,
		"ListGroups":                         (*Server).listGroups,
		"ListGroupsForUser":                  (*Server).listGroupsForUser,
		"ListMFADevices":                     (*Server).listMFADevices,
		"ListServiceSpecificCredentials":     (*Server).listServiceCredentials,
		"ListSigningCertificates":            (*Server).listSigningCertificates,
		"ListUserPolicies":                   (*Server).listUserPolicies,
		"ListUsers":                          (*Server).listUsers,
		"ListVirtualMFADevices":              (*Server).listVirtualMFADevices,
		"RemoveUserFromGroup":                (*Server).removeUserFromGroup,
		"SimulatePrincipalPolicy":            (*Server).simulatePrincipalPolicy,
		"UpdateAccessKey":                    (*Server).updateAccessKey,
	},
}

// page cuts a list and adds the elements that say whether there is more.
func page[T any](s *Server, c *caller, all []T) ([]T, []node, error) {
	start, size := 0, s.pageSize
	if m := c.form.Get("Marker"); m != "" {
		raw, err := base64.StdEncoding.DecodeString(m)
		if err == nil {
			start, err = strconv.Atoi(string(raw))
		}
		if err != nil || start < 0 {
			return nil, nil, invalid("Invalid Marker.")
		}
	}
	if m := c.form.Get("MaxItems"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 1 || n > 1000 {
			return nil, nil, invalid("1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000", m)
		}
		size = min(size, n)
	}
	all = all[min(start, len(all)):]
	if len(all) <= size {
		return all, []node{flag("IsTruncated", false)}, nil
	}
	marker := base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(start + size)))
	return all[:size], []node{flag("IsTruncated", true), leaf("Marker", marker)}, nil
}

// paged is the reply of a plain list.
func paged[T any](s *Server, c *caller, name string, all []T, one func(T) node) ([]node, error) {
	items, more, err := page(s, c, all)
	if err != nil {
		return nil, err
	}
	return append(more, members(name, items, one)), nil
}

// describe is a user as IAM shows it. Root has neither path nor name.
func (w *identity) describe() node {
	n := tree("User")
	if w.kind == kindUser {
		n.kids = append(n.kids, leaf("Path", w.path), leaf("UserName", w.name))
	}
	n.kids = append(n.kids, leaf("UserId", w.id), leaf("Arn", w.arn()), date("CreateDate", w.created))
	if !w.passwordUsed.IsZero() {
		n.kids = append(n.kids, date("PasswordLastUsed", w.passwordUsed))
	}
	return n
}

func (g *group) describe() node {
	return tree("Group",
		leaf("Path", g.path), leaf("GroupName", g.name), leaf("GroupId", g.id), leaf("Arn", g.arn()), date("CreateDate", g.created))
}

func (s *Server) getUser(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	n := u.describe()
	if u.boundary != "" {
		n.kids = append(n.kids, tree("PermissionsBoundary", leaf("PermissionsBoundaryType", "PermissionsBoundaryPolicy"), leaf("PermissionsBoundaryArn", u.boundary)))
	}
	return []node{n}, nil
}

func (s *Server) listUsers(c *caller) ([]node, error) {
	users := slices.Clone(c.acct.users)
	users = slices.DeleteFunc(users, func(u *identity) bool { return !strings.HasPrefix(u.path, c.form.Get("PathPrefix")) })
	sorting.By(users, func(a, b *identity) int { return strings.Compare(a.name, b.name) })
	return paged(s, c, "Users", users, (*identity).describe)
}

func (c *caller) path() (string, error) {
	p := c.form.Get("Path")
	if p == "" {
		return "/", nil
	}
	if !strings.HasPrefix(p, "/") || !strings.HasSuffix(p, "/") {
		return "", invalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return p, nil
}

func (s *Server) createUser(c *caller) ([]node, error) {
	name := c.form.Get("UserName")
	path, err := c.path()
	if err == nil {
		err = checkName("userName", name)
	}
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.acct.users, func(u *identity) bool { return strings.EqualFold(u.name, name) }) {
		return nil, errorf(409, "EntityAlreadyExists", "User with name %s already exists.", name)
	}
	return []node{c.acct.addUser(path, name, c.now).describe()}, nil
}

func (s *Server) deleteUser(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	rest := ""
	switch {
	case u.kind != kindUser:
		return nil, invalid("Must specify userName when calling with non-User credentials")
	case len(s.owned(u)) > 0:
		rest = "access keys"
	case !u.login.IsZero():
		rest = "login profile"
	case len(u.mfa) > 0:
		rest = "MFA device"
	case len(u.attached) > 0 || len(u.inline) > 0:
		rest = "policies"
	case len(u.acct.groupsOf(u)) > 0:
		return nil, errorf(409, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	}
	if rest != "" {
		return nil, errorf(409, "DeleteConflict", "Cannot delete entity, must delete %s first.", rest)
	}
	u.gone = true
	u.acct.users = slices.DeleteFunc(u.acct.users, func(x *identity) bool { return x == u })
	return nil, nil
}

func (s *Server) listMFADevices(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	return paged(s, c, "MFADevices", u.mfa, func(d *mfaDevice) node {
		return tree("", append(userName(u), leaf("SerialNumber", d.serial), date("EnableDate", d.enabled))...)
	})
}

func (s *Server) getLoginProfile(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	if u.login.IsZero() {
		return nil, missing("Login Profile for User %s cannot be found.", u.name)
	}
	return []node{tree("LoginProfile", leaf("UserName", u.name), date("CreateDate", u.login), flag("PasswordResetRequired", false))}, nil
}
