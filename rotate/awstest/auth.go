package awstest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// iamRegions is the one region a partition's IAM is signed for. A partition not listed accepts any.
var iamRegions = map[string]string{
	"aws":        "us-east-1",
	"aws-cn":     "cn-north-1",
	"aws-us-gov": "us-gov-west-1",
}

var errBadToken = errorf(403, "InvalidClientTokenId", "The security token included in the request is invalid.")

// View is one question whether a key has spread to a service.
type View struct {
	Service string // "sts" or "iam"
	KeyID   string
	Age     time.Duration
	Seen    int  // how often this service has been asked about this key before
	ByAPI   bool // made by CreateAccessKey, not by a setter
}

// caller is an authenticated request.
type caller struct {
	*query
	key  *key
	who  *identity
	acct *account
	now  time.Time
}

// ask reports whether the key has spread to the service. It calls the caller's function and so takes the lock itself;
// count makes the question one that View.Seen counts.
func (s *Server) ask(service, id string, now time.Time, count bool) bool {
	s.mu.Lock()
	k := s.keys[id]
	if k == nil || k.temp {
		s.mu.Unlock()
		return k != nil
	}
	v := View{Service: service, KeyID: id, Age: now.Sub(k.created), Seen: k.asked[service], ByAPI: k.byAPI}
	if count {
		if k.asked == nil {
			k.asked = map[string]int{}
		}
		k.asked[service]++
	}
	f, delay := s.visible, s.timing.iam
	if service == "sts" {
		delay = s.timing.sts
	}
	s.mu.Unlock()
	if f != nil {
		return f(v)
	}
	return !v.ByAPI || v.Age >= delay
}

// authenticate takes the signer from the key, the token and the signature, and records the use. seen is what ask said.
func (s *Server) authenticate(q *query, now time.Time, seen bool) (*caller, *apiError) {
	k := s.keys[q.sig.keyID]
	if k == nil || !seen || k.token != q.sig.token || !k.alive(now, s.timing.revoke) {
		if q.json() {
			return nil, errBadJSONToken
		}
		return nil, errBadToken
	}
	if s.opts.CheckSkew {
		at, err := time.Parse(amzTime, q.sig.stamp)
		if err != nil || now.Sub(at).Abs() > maxSkew {
			edge, what, than := now.Add(-maxSkew), "Signature expired", "is now earlier than"
			if at.After(now) {
				edge, what, than = now.Add(maxSkew), "Signature not yet current", "is still later than"
			}
			return nil, errorf(403, "SignatureDoesNotMatch", "%s: %s %s %s (%s.)", what, q.sig.stamp, than, edge.UTC().Format(amzTime), now.UTC().Format(amzTime))
		}
	}
	if k.temp && !now.Before(k.expires) {
		return nil, errorf(403, "ExpiredToken", "The security token included in the request is expired")
	}
	if !q.good(k.secret) {
		return nil, errorf(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	if want := iamRegions[k.who.acct.partition]; q.service() == "iam" && !s.opts.AnyRegion && want != "" && q.sig.region != want {
		return nil, errorf(403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region, not '%s'.", q.sig.region)
	}
	// A user's session without a second factor is no credential at IAM at all.
	if k.temp && !k.mfa && k.who.kind != kindRole && q.service() == "iam" {
		return nil, errBadToken
	}
	if !k.temp {
		k.use(q.service(), q.sig.region, now, s.timing)
	}
	return &caller{query: q, key: k, who: k.who, acct: k.who.acct, now: now}, nil
}

// mfaFree are the actions that the usual policy against sessions without a second factor lets through.
var mfaFree = []string{"ListMFADevices", "ListVirtualMFADevices", "GetMFADevice", "GetUser", "CreateVirtualMFADevice", "EnableMFADevice", "ResyncMFADevice"}

// authorize knows three reasons to refuse: denied by name, no second factor where one is required, and no administrator
// where only those may do anything. Who the caller is may always be asked.
func (s *Server) authorize(c *caller, denied bool) *apiError {
	action := c.service() + ":" + c.action()
	service, _, _ := strings.Cut(strings.ToLower(action), ":")
	if denied || c.who.denied[strings.ToLower(action)] || c.who.denied[service+":*"] || c.who.denied["*"] && action != "sts:GetCallerIdentity" {
		return c.forbidden("because no identity-based policy allows the %s action", action)
	}
	if c.service() == "sts" {
		return nil
	}
	if c.who.requireMFA && !c.key.mfa && !slices.Contains(mfaFree, c.action()) {
		return c.forbidden("with an explicit deny in an identity-based policy")
	}
	if s.admin && c.who.kind != kindRole && !c.who.administrator() {
		return c.forbidden("because no identity-based policy allows the %s action", action)
	}
	return nil
}

func (c *caller) forbidden(format string, args ...any) *apiError {
	code, status := "AccessDenied", 403
	switch c.service() {
	case trailService:
		code, status = "AccessDeniedException", 400
	case accountService:
		code = "AccessDeniedException"
	}
	return errorf(status, code, "User: %s is not authorized to perform: %s:%s on resource: %s "+format,
		append([]any{c.key.callerARN(), c.service(), c.action(), c.resource()}, args...)...)
}

func (c *caller) resource() string {
	switch {
	case c.service() == trailService:
		return "arn:" + c.acct.partition + ":cloudtrail:" + c.sig.region + ":" + c.acct.id + ":*"
	case c.service() == accountService:
		return "arn:" + c.acct.partition + ":account::" + c.acct.id + ":account"
	case c.form.Get("PolicyArn") != "" && strings.HasPrefix(c.action(), "GetPolicy"):
		return "policy " + c.form.Get("PolicyArn")
	case c.form.Get("PolicySourceArn") != "":
		return c.form.Get("PolicySourceArn")
	case strings.HasSuffix(c.action(), "ServiceLastAccessedDetails"):
		return cmp.Or(c.form.Get("Arn"), "*")
	case c.action() == "GetAccessKeyLastUsed":
		return "access key " + c.form.Get("AccessKeyId")
	case c.form.Get("GroupName") != "":
		return "group " + c.form.Get("GroupName")
	case c.form.Get("UserName") != "":
		return "user " + c.form.Get("UserName")
	case c.form.Get("RoleArn") != "":
		return c.form.Get("RoleArn")
	case c.action() == "ListUsers":
		return c.acct.arn("user/")
	case strings.Contains(c.action(), "Account") || strings.Contains(c.action(), "Report") || c.who.kind != kindUser:
		return "*"
	}
	return "user " + c.who.name
}

// target is the user an action is about: the named one of the caller's account, or the caller.
func (c *caller) target() (*identity, error) {
	name := c.form.Get("UserName")
	if name == "" {
		if c.who.kind == kindRole {
			return nil, invalid("Must specify userName when calling with non-User credentials")
		}
		return c.who, nil
	}
	return c.named(name)
}

func (c *caller) named(name string) (*identity, error) {
	if err := checkName("userName", name); err != nil {
		return nil, err
	}
	if u := c.acct.user(name); u != nil {
		return u, nil
	}
	return nil, missing("The user with name %s cannot be found.", name)
}

func (c *caller) group() (*group, error) {
	name := c.form.Get("GroupName")
	if err := checkName("groupName", name); err != nil {
		return nil, err
	}
	if g := c.acct.group(name); g != nil {
		return g, nil
	}
	return nil, missing("The group with name %s cannot be found.", name)
}

func checkName(what, name string) error {
	ok := name != "" && len(name) <= 128
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+=,.@_-", r)) {
			ok = false
		}
	}
	if !ok {
		return invalid("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", what)
	}
	return nil
}
