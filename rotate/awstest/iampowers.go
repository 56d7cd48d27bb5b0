package awstest

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"keycare/credfile/pattern"
)

// awsManaged are texts of AWS's own policies.
var awsManaged = map[string]string{
	"AdministratorAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"PowerUserAccess":     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}]}`,
}

// SetPolicyText gives a customer-managed policy of an account a text, as its next version. A policy without one allows
// nothing.
func (s *Server) SetPolicyText(arn, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[4] == "aws" {
		panic("awstest: no customer-managed policy " + arn)
	}
	a := s.acct(parts[4])
	if a.managed == nil {
		a.managed = map[string][]string{}
	}
	a.managed[arn] = append(a.managed[arn], text)
}

// SetBoundary sets the ARN of a user's permissions boundary; "" means none.
func (s *Server) SetBoundary(user, arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(user).boundary = arn
}

// SetPowers says what a simulation allows to a user, and what depends on a condition that it cannot judge. "*" is
// everything, which an administrator may in any case.
func (s *Server) SetPowers(user string, allowed, conditional []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(user)
	u.allowed, u.maybe = slices.Clone(allowed), slices.Clone(conditional)
}

// SetServiceUse says which services, by their namespace, a user may use, and when it did last; zero: never.
func (s *Server) SetServiceUse(user string, services map[string]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(user).services = maps.Clone(services)
}

// SetJobRounds makes the details of service use ready at the n-th question after the first; a negative n makes them fail.
func (s *Server) SetJobRounds(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rounds = n
}

// accessJob is the work of GenerateServiceLastAccessedDetails.
type accessJob struct {
	who  *identity
	made time.Time
	left int
}

// policyText is the last version of a policy, and its number.
func (c *caller) policyText() (arn, text string, version int, err error) {
	if arn, err = c.policyARN(); err != nil {
		return "", "", 0, missing("Policy %s was not found.", c.form.Get("PolicyArn"))
	}
	name := arn[strings.LastIndex(arn, "/")+1:]
	text, version = emptyPolicy, 1
	if of := c.acct.managed[arn]; len(of) > 0 {
		text, version = of[len(of)-1], len(of)
	} else if strings.Contains(arn, ":aws:policy/") && awsManaged[name] != "" {
		text = awsManaged[name]
	}
	return arn, text, version, nil
}

func (s *Server) getPolicy(c *caller) ([]node, error) {
	arn, _, version, err := c.policyText()
	if err != nil {
		return nil, err
	}
	return []node{tree("Policy",
		leaf("PolicyName", arn[strings.LastIndex(arn, "/")+1:]), leaf("PolicyId", newID("ANPA", c.acct.id)), leaf("Arn", arn), leaf("Path", "/"),
		leaf("DefaultVersionId", "v"+strconv.Itoa(version)), number("AttachmentCount", 1), number("PermissionsBoundaryUsageCount", 0),
		flag("IsAttachable", true), date("CreateDate", c.now), date("UpdateDate", c.now))}, nil
}

func (s *Server) getPolicyVersion(c *caller) ([]node, error) {
	arn, text, version, err := c.policyText()
	if err != nil {
		return nil, err
	}
	asked, _ := strconv.Atoi(strings.TrimPrefix(c.form.Get("VersionId"), "v"))
	if asked < 1 || asked > version {
		return nil, missing("Policy %s version %s does not exist or is not attachable.", arn, c.form.Get("VersionId"))
	}
	if asked < version {
		text = c.acct.managed[arn][asked-1]
	}
	return []node{tree("PolicyVersion", leaf("Document", strings.ReplaceAll(url.QueryEscape(text), "+", "%20")),
		leaf("VersionId", "v"+strconv.Itoa(asked)), flag("IsDefaultVersion", asked == version), date("CreateDate", c.now))}, nil
}

// simulated is the shape of a name of an action; IAM simulates none with a wildcard.
var simulated = pattern.Of(`^[a-z0-9-]+:[A-Za-z0-9]+$`)

func (s *Server) simulatePrincipalPolicy(c *caller) ([]node, error) {
	var who *identity
	for _, u := range c.acct.users {
		if u.arn() == c.form.Get("PolicySourceArn") {
			who = u
		}
	}
	if who == nil {
		return nil, missing("%s was not found.", c.form.Get("PolicySourceArn"))
	}
	var names []string
	for n := 1; c.form.Has("ActionNames.member." + strconv.Itoa(n)); n++ {
		name := c.form.Get("ActionNames.member." + strconv.Itoa(n))
		if !simulated().MatchString(name) {
			return nil, errorf(400, "InvalidInput", "Invalid Action: %s", name)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, invalid("1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null")
	}
	return paged(s, c, "EvaluationResults", names, func(name string) node {
		decision, lacking := "implicitDeny", tree("MissingContextValues")
		switch {
		case who.administrator(), slices.Contains(who.allowed, "*"), slices.Contains(who.allowed, name):
			decision = "allowed"
		case slices.Contains(who.maybe, name):
			lacking.kids = []node{leaf("member", "aws:SourceIp")}
		}
		return tree("", leaf("EvalActionName", name), leaf("EvalResourceName", "*"), leaf("EvalDecision", decision), tree("MatchedStatements"), lacking)
	})
}

func (s *Server) generateServiceLastAccessed(c *caller) ([]node, error) {
	for _, u := range c.acct.users {
		if u.arn() == c.form.Get("Arn") {
			if c.acct.jobs == nil {
				c.acct.jobs = map[string]accessJob{}
			}
			id := requestID()
			c.acct.jobs[id] = accessJob{u, c.now, s.rounds}
			return []node{leaf("JobId", id)}, nil
		}
	}
	return nil, missing("ARN %s was not found.", c.form.Get("Arn"))
}

func (s *Server) getServiceLastAccessed(c *caller) ([]node, error) {
	id := c.form.Get("JobId")
	job, ok := c.acct.jobs[id]
	if !ok {
		return nil, missing("JobId %s was not found.", id)
	}
	if job.left < 0 {
		return []node{leaf("JobStatus", "FAILED"), date("JobCreationDate", job.made), date("JobCompletionDate", job.made), tree("ServicesLastAccessed"),
			flag("IsTruncated", false), tree("Error", leaf("Message", "Report generation failed."), leaf("Code", "Fault"))}, nil
	}
	if job.left > 0 {
		job.left--
		c.acct.jobs[id] = job
		return []node{leaf("JobStatus", "IN_PROGRESS"), date("JobCreationDate", job.made), tree("ServicesLastAccessed"), flag("IsTruncated", false)}, nil
	}
	out, err := paged(s, c, "ServicesLastAccessed", slices.Sorted(maps.Keys(job.who.services)), func(name string) node {
		n := tree("", leaf("ServiceName", "AWS "+name), leaf("ServiceNamespace", name))
		used := 0
		if at := job.who.services[name]; !at.IsZero() {
			used = 1
			n.kids = append(n.kids, date("LastAuthenticated", at), leaf("LastAuthenticatedEntity", job.who.arn()), leaf("LastAuthenticatedRegion", "eu-west-1"))
		}
		n.kids = append(n.kids, number("TotalAuthenticatedEntities", used))
		return n
	})
	return append([]node{leaf("JobStatus", "COMPLETED"), leaf("JobType", "SERVICE_LEVEL"), date("JobCreationDate", job.made), date("JobCompletionDate", job.made)}, out...), err
}
