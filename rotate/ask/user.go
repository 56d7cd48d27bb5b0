package ask

import (
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keycare/credfile/facts"
	"keycare/rotate/client"
	"keycare/rotate/group"
)

// user plans all questions about the user of key k; brief leaves out what the
// credential report tells too.
func (r *round) user(p *plan, k *askedKey, u *facts.UserFacts, a *account, brief bool) {
	c := k.aws.IAM(k.by())
	name := aws.String(u.Name)
	p.ask(rankPower, 1, func() { r.call(rankPower, func() { u.Attached = r.attached(c, name) }) })
	if !brief {
		p.ask(rankPower, 1, func() { r.call(rankPower, func() { u.MFA = r.devices(c, name) }) })
		p.ask(rankPower, 1, func() { u.Password = r.password(c, name) })
		p.ask(rankRest, 1, func() { r.call(rankRest, func() { u.Certificates = r.certificates(c, name) }) })
	}
	p.ask(rankGroups, 1, func() { u.Inline = r.userPolicies(c, name) })
	p.ask(rankGroups, 1, func() { u.Groups = r.groups(c, name, a) })
	p.ask(rankRest, 1, func() { r.call(rankRest, func() { u.Services = r.services(c, name) }) })
}

func (r *round) attached(c *iam.Client, name *string) facts.Answer[[]string] {
	v, err := pages(func(marker *string) ([]types.AttachedPolicy, *string, error) {
		out, err := c.ListAttachedUserPolicies(r.ctx, &iam.ListAttachedUserPoliciesInput{UserName: name, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.AttachedPolicies, out.Marker, nil
	})
	return answerOf(policyARNs(v), err, "iam:ListAttachedUserPolicies")
}

func (r *round) devices(c *iam.Client, user *string) facts.Answer[[]string] {
	v, err := pages(func(marker *string) ([]types.MFADevice, *string, error) {
		out, err := c.ListMFADevices(r.ctx, &iam.ListMFADevicesInput{UserName: user, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.MFADevices, out.Marker, nil
	})
	return answerOf(names(v, func(d types.MFADevice) *string { return d.SerialNumber }), err, "iam:ListMFADevices")
}

// password asks when a password was used only where there is one.
func (r *round) password(c *iam.Client, user *string) (a facts.Answer[facts.Password]) {
	r.call(rankPower, func() {
		out, err := c.GetLoginProfile(r.ctx, &iam.GetLoginProfileInput{UserName: user})
		if client.ReplyOf(err) == client.ReplyNoSuch {
			a = facts.Answered(facts.Password{Used: facts.Answered(time.Time{})})
			return
		}
		a = answerOf(facts.Password{Exists: true}, err, "iam:GetLoginProfile")
		if err == nil && out.LoginProfile != nil {
			a.Value.Set = aws.ToTime(out.LoginProfile.CreateDate)
		}
	})
	if !a.Known() || !a.Value.Exists {
		return a
	}
	if !r.take(1) {
		a.Value.Used.Lose(tooMany)
		return a
	}
	r.call(rankUse, func() {
		out, err := c.GetUser(r.ctx, &iam.GetUserInput{UserName: user})
		if err == nil && out.User == nil {
			out.User = &types.User{}
		}
		if err != nil {
			a.Value.Used = fail(a.Value.Used, err, "iam:GetUser")
			return
		}
		a.Value.Used = facts.Answered(aws.ToTime(out.User.PasswordLastUsed))
	})
	return a
}

func (r *round) certificates(c *iam.Client, user *string) facts.Answer[[]string] {
	v, err := pages(func(marker *string) ([]types.SigningCertificate, *string, error) {
		out, err := c.ListSigningCertificates(r.ctx, &iam.ListSigningCertificatesInput{UserName: user, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.Certificates, out.Marker, nil
	})
	var active []string
	for _, one := range v {
		if one.Status == types.StatusTypeActive {
			active = append(active, aws.ToString(one.CertificateId))
		}
	}
	return answerOf(active, err, "iam:ListSigningCertificates")
}

func (r *round) services(c *iam.Client, user *string) facts.Answer[[]facts.ServiceCredential] {
	v, err := pages(func(marker *string) ([]types.ServiceSpecificCredentialMetadata, *string, error) {
		out, err := c.ListServiceSpecificCredentials(r.ctx, &iam.ListServiceSpecificCredentialsInput{UserName: user, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.ServiceSpecificCredentials, out.Marker, nil
	})
	var active []facts.ServiceCredential
	for _, one := range v {
		if one.Status == types.StatusTypeActive {
			active = append(active, facts.ServiceCredential{ID: aws.ToString(one.ServiceSpecificCredentialId),
				Service: aws.ToString(one.ServiceName), Created: aws.ToTime(one.CreateDate), Expires: aws.ToTime(one.ExpirationDate)})
		}
	}
	return answerOf(active, err, "iam:ListServiceSpecificCredentials")
}

func (r *round) userPolicies(c *iam.Client, user *string) facts.Answer[[]facts.InlinePolicy] {
	var found []string
	var err error
	r.call(rankGroups, func() {
		found, err = pages(func(marker *string) ([]string, *string, error) {
			out, err := c.ListUserPolicies(r.ctx, &iam.ListUserPoliciesInput{UserName: user, Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.PolicyNames, out.Marker, nil
		})
	})
	return answerOf(r.inline(found, "iam:GetUserPolicy", func(policy string) (*string, error) {
		out, err := c.GetUserPolicy(r.ctx, &iam.GetUserPolicyInput{UserName: user, PolicyName: aws.String(policy)})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	}), err, "iam:ListUserPolicies")
}

// inline asks what each of the inline policies grants.
func (r *round) inline(found []string, action string, document func(policy string) (*string, error)) []facts.InlinePolicy {
	policies := make([]facts.InlinePolicy, len(found))
	var wg group.Group
	for i, name := range found {
		p := &policies[i]
		p.Name = name
		if !r.take(1) {
			p.Grants.Lose(tooMany)
			continue
		}
		wg.Go(func() {
			r.call(rankGroups, func() {
				text, err := document(name)
				p.Grants = answerOf(facts.GrantsSome, err, action)
				if err == nil {
					p.Grants = grantsOf(aws.ToString(text))
				}
			})
		})
	}
	wg.Wait()
	return policies
}

// decoded is the text of a policy, which IAM encodes as in a URL (RFC 3986).
func decoded(document string) string {
	text, err := url.PathUnescape(document)
	if err != nil {
		return document
	}
	return text
}

func (r *round) groups(c *iam.Client, user *string, a *account) facts.Answer[[]facts.Group] {
	var found []types.Group
	var err error
	r.call(rankGroups, func() {
		found, err = pages(func(marker *string) ([]types.Group, *string, error) {
			out, err := c.ListGroupsForUser(r.ctx, &iam.ListGroupsForUserInput{UserName: user, Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.Groups, out.Marker, nil
		})
	})
	groups := make([]facts.Group, len(found))
	var wg group.Group
	for i, g := range found {
		one := a.group(aws.ToString(g.GroupName))
		wg.Go(func() {
			one.once.Do(func() { r.group(c, one) })
			groups[i] = one.Group
		})
	}
	wg.Wait()
	return answerOf(groups, err, "iam:ListGroupsForUser")
}

// group asks for the policies of a group.
func (r *round) group(c *iam.Client, g *groupAnswer) {
	if !r.take(2) {
		g.Attached.Lose(tooMany)
		g.Inline.Lose(tooMany)
		return
	}
	name := aws.String(g.Name)
	var wg group.Group
	wg.Go(func() {
		r.call(rankGroups, func() {
			v, err := pages(func(marker *string) ([]types.AttachedPolicy, *string, error) {
				out, err := c.ListAttachedGroupPolicies(r.ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: name, Marker: marker})
				if err != nil {
					return nil, nil, err
				}
				return out.AttachedPolicies, out.Marker, nil
			})
			g.Attached = answerOf(policyARNs(v), err, "iam:ListAttachedGroupPolicies")
		})
	})
	var found []string
	var err error
	r.call(rankGroups, func() {
		found, err = pages(func(marker *string) ([]string, *string, error) {
			out, err := c.ListGroupPolicies(r.ctx, &iam.ListGroupPoliciesInput{GroupName: name, Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.PolicyNames, out.Marker, nil
		})
	})
	g.Inline = answerOf(r.inline(found, "iam:GetGroupPolicy", func(policy string) (*string, error) {
		out, err := c.GetGroupPolicy(r.ctx, &iam.GetGroupPolicyInput{GroupName: name, PolicyName: aws.String(policy)})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	}), err, "iam:ListGroupPolicies")
	wg.Wait()
}

func unknownUser(u *facts.UserFacts, why string) {
	u.MFA.Lose(why)
	u.Password.Lose(why)
	u.Certificates.Lose(why)
	u.Services.Lose(why)
	u.Attached.Lose(why)
	u.Inline.Lose(why)
	u.Groups.Lose(why)
}

func policyARNs(all []types.AttachedPolicy) []string {
	return names(all, func(p types.AttachedPolicy) *string { return p.PolicyArn })
}
