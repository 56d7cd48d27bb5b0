package awstest

import (
	"net/url"
	"slices"
	"strings"
)

func (s *Server) createGroup(c *caller) ([]node, error) {
	name := c.form.Get("GroupName")
	path, err := c.path()
	if err == nil {
		err = checkName("groupName", name)
	}
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.acct.groups, func(g *group) bool { return strings.EqualFold(g.name, name) }) {
		return nil, errorf(409, "EntityAlreadyExists", "Group with name %s already exists.", name)
	}
	return []node{c.acct.addGroup(path, name, c.now).describe()}, nil
}

func (s *Server) deleteGroup(c *caller) ([]node, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	if len(g.members) > 0 {
		return nil, errorf(409, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	}
	if len(g.attached) > 0 || len(g.inline) > 0 {
		return nil, errorf(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	g.acct.groups = slices.DeleteFunc(g.acct.groups, func(x *group) bool { return x == g })
	return nil, nil
}

func (s *Server) getGroup(c *caller) ([]node, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	out, err := paged(s, c, "Users", g.members, (*identity).describe)
	if err != nil {
		return nil, err
	}
	return append([]node{g.describe()}, out...), nil
}

func (s *Server) listGroups(c *caller) ([]node, error) {
	return paged(s, c, "Groups", c.acct.groups, (*group).describe)
}

func (s *Server) listGroupsForUser(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	return paged(s, c, "Groups", c.acct.groupsOf(u), (*group).describe)
}

// membership is the group and the user of a request, both named.
func (c *caller) membership() (*group, *identity, error) {
	g, err := c.group()
	if err != nil {
		return nil, nil, err
	}
	u, err := c.named(c.form.Get("UserName"))
	return g, u, err
}

func (s *Server) addUserToGroup(c *caller) ([]node, error) {
	g, u, err := c.membership()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(g.members, u) {
		g.members = append(g.members, u)
	}
	return nil, nil
}

func (s *Server) removeUserFromGroup(c *caller) ([]node, error) {
	g, u, err := c.membership()
	if err != nil {
		return nil, err
	}
	i := slices.Index(g.members, u)
	if i < 0 {
		return nil, missing("User %s is not in group %s.", u.name, g.name)
	}
	g.members = slices.Delete(g.members, i, i+1)
	return nil, nil
}

// policies lists managed policies.
func (s *Server) policies(c *caller, arns []string) ([]node, error) {
	return paged(s, c, "AttachedPolicies", arns, func(arn string) node {
		return tree("", leaf("PolicyName", arn[strings.LastIndex(arn, "/")+1:]), leaf("PolicyArn", arn))
	})
}

// emptyPolicy is the document of an inline policy that was given none.
const emptyPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}`

// document is the reply about an inline policy. owner is the element that names whose it is; documents are encoded as
// in a URL.
func (c *caller) document(owner node, names []string, documents map[string]string) ([]node, error) {
	name := c.form.Get("PolicyName")
	if !slices.Contains(names, name) {
		return nil, missing("The %s policy with name %s cannot be found.", strings.ToLower(strings.TrimSuffix(owner.name, "Name")), name)
	}
	text, ok := documents[name]
	if !ok {
		text = emptyPolicy
	}
	return []node{owner, leaf("PolicyName", name), leaf("PolicyDocument", strings.ReplaceAll(url.QueryEscape(text), "+", "%20"))}, nil
}

func (s *Server) getUserPolicy(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	return c.document(leaf("UserName", u.name), u.inline, u.documents)
}

func (s *Server) getGroupPolicy(c *caller) ([]node, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return c.document(leaf("GroupName", g.name), g.inline, g.documents)
}

func (s *Server) inline(c *caller, names []string) ([]node, error) {
	return paged(s, c, "PolicyNames", names, func(name string) node { return leaf("", name) })
}

func (s *Server) listAttachedUserPolicies(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	return s.policies(c, u.attached)
}

func (s *Server) listUserPolicies(c *caller) ([]node, error) {
	u, err := c.target()
	if err != nil {
		return nil, err
	}
	return s.inline(c, u.inline)
}

func (s *Server) listAttachedGroupPolicies(c *caller) ([]node, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return s.policies(c, g.attached)
}

func (s *Server) listGroupPolicies(c *caller) ([]node, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return s.inline(c, g.inline)
}

// policyARN accepts what could be a policy of AWS in the caller's partition or of the caller's account; which of them
// exist is not known here.
func (c *caller) policyARN() (string, error) {
	arn := c.form.Get("PolicyArn")
	aws := "arn:" + c.acct.partition + ":iam::aws:policy/"
	if len(arn) > len(aws) && strings.HasPrefix(arn, aws) || strings.HasPrefix(arn, c.acct.arn("policy/")) {
		return arn, nil
	}
	if !strings.HasPrefix(arn, "arn:") {
		return "", invalid("ARN %s is not valid.", arn)
	}
	return "", missing("Policy %s does not exist or is not attachable.", arn)
}

func (c *caller) attach(list *[]string) ([]node, error) {
	arn, err := c.policyARN()
	if err != nil {
		return nil, err
	}
	add(list, arn)
	return nil, nil
}

func (c *caller) detach(list *[]string) ([]node, error) {
	arn, err := c.policyARN()
	if err != nil {
		return nil, err
	}
	if !remove(list, arn) {
		return nil, missing("Policy %s was not found.", arn)
	}
	return nil, nil
}

func (s *Server) attachGroupPolicy(c *caller) ([]node, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return c.attach(&g.attached)
}

func (s *Server) detachGroupPolicy(c *caller) ([]node, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return c.detach(&g.attached)
}

func (s *Server) attachUserPolicy(c *caller) ([]node, error) {
	u, err := c.named(c.form.Get("UserName"))
	if err != nil {
		return nil, err
	}
	return c.attach(&u.attached)
}

func (s *Server) detachUserPolicy(c *caller) ([]node, error) {
	u, err := c.named(c.form.Get("UserName"))
	if err != nil {
		return nil, err
	}
	return c.detach(&u.attached)
}
