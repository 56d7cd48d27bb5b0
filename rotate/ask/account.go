package ask

import (
	"errors"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keycare/credfile/facts"
	"keycare/rotate/client"
	"keycare/rotate/group"
)

// namedUser is a user by its ARN, as the credential report has it.
type namedUser struct {
	arn   string
	facts *facts.UserFacts
}

// account is one account and the keys that can be used to ask about it.
type account struct {
	facts  *facts.AccountFacts
	keys   []*askedKey
	users  []namedUser
	report map[string]reportRow // by ARN; nil where there is none
	asked  map[*askedKey]bool   // keys with which it was asked already

	mu      sync.Mutex
	groups  map[string]*groupAnswer
	managed map[string]*policyAnswer // by ARN
}

// groupAnswer is a group and its policies, asked once.
type groupAnswer struct {
	once sync.Once
	facts.Group
}

func (a *account) group(name string) *groupAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.groups == nil {
		a.groups = map[string]*groupAnswer{}
	}
	if a.groups[name] == nil {
		a.groups[name] = &groupAnswer{Group: facts.Group{Name: name}}
	}
	return a.groups[name]
}

func (a *account) unknown(why string) {
	f := a.facts
	f.Root.Lose(why)
	f.RootVirtual.Lose(why)
	f.Password.Lose(why)
	f.RootUse.Lose(why)
}

// mostAskers bounds how many users of an account are tried for a question that
// some of them are not allowed to ask.
const mostAskers = 3

// callsPerAccount is how many requests the questions about an account take.
const callsPerAccount = 4

// account asks what is not known yet about the account, with another user's key
// where one may not.
func (r *round) account(a *account, askers []*askedKey) {
	first := a.asked == nil
	if first {
		a.asked = map[*askedKey]bool{}
	}
	if first && !r.take(callsPerAccount) {
		a.unknown(tooMany)
		return
	}
	try := func(known bool, f func(*iam.Client) (why string)) {
		paid := first
		for _, k := range askers {
			if known || a.asked[k] {
				continue
			}
			if !paid && !r.take(1) {
				return
			}
			if paid = false; f(k.aws.IAM(k.by())) == "" {
				return
			}
		}
	}
	var wg group.Group
	wg.Go(func() {
		try(a.facts.Root.Known(), func(c *iam.Client) string {
			r.call(rankOwner, func() { a.facts.Root = r.rootFacts(c) })
			return a.facts.Root.Why()
		})
		if root := a.facts.Root; root.Known() && root.Value.MFA == 0 {
			a.facts.RootVirtual = facts.Answered(false)
		}
		try(a.facts.RootVirtual.Known(), func(c *iam.Client) string {
			r.call(rankRest, func() { a.facts.RootVirtual = r.rootVirtual(c) })
			return a.facts.RootVirtual.Why()
		})
	})
	wg.Go(func() {
		try(a.facts.Password.Known(), func(c *iam.Client) string {
			r.call(rankUse, func() { a.facts.Password = r.passwordPolicy(c) })
			return a.facts.Password.Why()
		})
	})
	wg.Go(func() {
		try(a.report != nil, func(c *iam.Client) string {
			var err error
			r.call(rankOwner, func() { a.report, err = r.credentialReport(c) })
			a.facts.RootUse.Fail("the credential report has no line for root")
			if err != nil {
				if why := whyNoReport(err); why != "" {
					a.facts.RootUse.Fail(why)
					return "" // it is so for everybody
				}
				a.facts.RootUse = fail(a.facts.RootUse, err, "iam:GetCredentialReport")
				return a.facts.RootUse.Why()
			}
			return ""
		})
	})
	wg.Wait()
	for _, k := range askers {
		a.asked[k] = true
	}
}

func (r *round) rootFacts(c *iam.Client) facts.Answer[facts.RootFacts] {
	out, err := c.GetAccountSummary(r.ctx, &iam.GetAccountSummaryInput{})
	if err == nil && len(out.SummaryMap) == 0 {
		err = errors.New("AWS gave no summary")
	}
	if err != nil {
		return answerOf(facts.RootFacts{}, err, "iam:GetAccountSummary")
	}
	password, told := out.SummaryMap["AccountPasswordPresent"]
	return facts.Answered(facts.RootFacts{
		Keys: int(out.SummaryMap["AccountAccessKeysPresent"]), MFA: int(out.SummaryMap["AccountMFAEnabled"]),
		Certificates: int(out.SummaryMap["AccountSigningCertificatesPresent"]), NoPassword: told && password == 0,
	})
}

// rootVirtual looks for the root user among the owners of virtual devices.
// Hardware is not listed.
func (r *round) rootVirtual(c *iam.Client) facts.Answer[bool] {
	found := false
	_, err := pages(func(marker *string) ([]types.VirtualMFADevice, *string, error) {
		out, err := c.ListVirtualMFADevices(r.ctx, &iam.ListVirtualMFADevicesInput{
			AssignmentStatus: types.AssignmentStatusTypeAssigned, MaxItems: aws.Int32(1000), Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		for _, d := range out.VirtualMFADevices {
			found = found || d.User != nil && strings.HasSuffix(aws.ToString(d.User.Arn), ":root")
		}
		if found {
			return nil, nil, nil
		}
		return nil, out.Marker, nil
	})
	return answerOf(found, err, "iam:ListVirtualMFADevices")
}

func (r *round) passwordPolicy(c *iam.Client) facts.Answer[facts.PasswordPolicy] {
	out, err := c.GetAccountPasswordPolicy(r.ctx, &iam.GetAccountPasswordPolicyInput{})
	if client.ReplyOf(err) == client.ReplyNoSuch {
		return facts.Answered(facts.DefaultPasswordPolicy)
	}
	if err == nil && out.PasswordPolicy == nil {
		err = errors.New("AWS gave no policy")
	}
	if err != nil {
		return answerOf(facts.PasswordPolicy{}, err, "iam:GetAccountPasswordPolicy")
	}
	p := out.PasswordPolicy
	return facts.Answered(facts.PasswordPolicy{
		MinLength: int(aws.ToInt32(p.MinimumPasswordLength)), Reuse: int(aws.ToInt32(p.PasswordReusePrevention)),
		MaxAge: int(aws.ToInt32(p.MaxPasswordAge)), Symbols: p.RequireSymbols, Numbers: p.RequireNumbers,
		Uppercase: p.RequireUppercaseCharacters, Lowercase: p.RequireLowercaseCharacters,
		NoChange: !p.AllowUsersToChangePassword, HardExpiry: aws.ToBool(p.HardExpiry),
	})
}

// askers returns keys of different users, the root user's first.
func (a *account) askers() []*askedKey {
	var found []*askedKey
	seen := map[string]bool{}
	for _, wantRoot := range []bool{true, false} {
		for _, k := range a.keys {
			id := k.facts.Identity.Value
			if (id.Owner() == facts.OwnerRoot) == wantRoot && !seen[id.ARN] && len(found) < mostAskers {
				seen[id.ARN] = true
				found = append(found, k)
			}
		}
	}
	return found
}
