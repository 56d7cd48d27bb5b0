package rotate

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"keycare/credfile"
)

// user asks for all about the user of key k.
func (r *round) user(k *askedKey, u *credfile.UserFacts, a *account) {
	c := iam.NewFromConfig(k.aws.signedBy(k.by()))
	name := aws.String(u.Name)
	var wg sync.WaitGroup
	ask := func(f func()) { wg.Go(func() { r.call(f) }) }
	ask(func() {
		v, err := pages(func(marker *string) ([]types.MFADevice, *string, error) {
			out, err := c.ListMFADevices(r.ctx, &iam.ListMFADevicesInput{UserName: name, Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.MFADevices, out.Marker, nil
		})
		u.MFA = answerOf(names(v, func(d types.MFADevice) *string { return d.SerialNumber }), err, "iam:ListMFADevices")
	})
	ask(func() {
		_, err := c.GetLoginProfile(r.ctx, &iam.GetLoginProfileInput{UserName: name})
		if replyOf(err) == replyGone {
			u.Console = credfile.Answer[bool]{}
			return
		}
		u.Console = answerOf(true, err, "iam:GetLoginProfile")
	})
	ask(func() {
		v, err := pages(func(marker *string) ([]types.AttachedPolicy, *string, error) {
			out, err := c.ListAttachedUserPolicies(r.ctx, &iam.ListAttachedUserPoliciesInput{UserName: name, Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.AttachedPolicies, out.Marker, nil
		})
		u.Attached = answerOf(policyARNs(v), err, "iam:ListAttachedUserPolicies")
	})
	ask(func() {
		v, err := pages(func(marker *string) ([]string, *string, error) {
			out, err := c.ListUserPolicies(r.ctx, &iam.ListUserPoliciesInput{UserName: name, Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.PolicyNames, out.Marker, nil
		})
		u.Inline = answerOf(v, err, "iam:ListUserPolicies")
	})
	wg.Go(func() { r.groups(c, u, a) })
	wg.Wait()
}

func (r *round) groups(c *iam.Client, u *credfile.UserFacts, a *account) {
	var found []types.Group
	var err error
	r.call(func() {
		found, err = pages(func(marker *string) ([]types.Group, *string, error) {
			out, err := c.ListGroupsForUser(r.ctx, &iam.ListGroupsForUserInput{UserName: aws.String(u.Name), Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.Groups, out.Marker, nil
		})
	})
	groups := make([]credfile.Group, len(found))
	var wg sync.WaitGroup
	for i, g := range found {
		groups[i].Name = aws.ToString(g.GroupName)
		wg.Go(func() {
			one := a.group(groups[i].Name)
			one.once.Do(func() {
				r.call(func() {
					v, err := pages(func(marker *string) ([]types.AttachedPolicy, *string, error) {
						out, err := c.ListAttachedGroupPolicies(r.ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: g.GroupName, Marker: marker})
						if err != nil {
							return nil, nil, err
						}
						return out.AttachedPolicies, out.Marker, nil
					})
					one.Answer = answerOf(policyARNs(v), err, "iam:ListAttachedGroupPolicies")
				})
			})
			groups[i].Attached = one.Answer
		})
	}
	wg.Wait()
	u.Groups = answerOf(groups, err, "iam:ListGroupsForUser")
}

func unknownUser(u *credfile.UserFacts, why string) {
	u.MFA.Unknown, u.Console.Unknown, u.Attached.Unknown, u.Inline.Unknown, u.Groups.Unknown = why, why, why, why, why
}

// pages gathers the pages of a list.
func pages[T any](page func(marker *string) ([]T, *string, error)) ([]T, error) {
	const most = 20 // of 100 each: no user has so many of anything
	var all []T
	var marker *string
	for range most {
		some, next, err := page(marker)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if aws.ToString(next) == "" {
			break
		}
		marker = next
	}
	return all, nil
}

func names[T any](all []T, name func(T) *string) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = aws.ToString(name(one))
	}
	return out
}

func policyARNs(all []types.AttachedPolicy) []string {
	return names(all, func(p types.AttachedPolicy) *string { return p.PolicyArn })
}

// mostAskers bounds how many users of an account are tried for a question that
// some of them are not allowed to ask.
const mostAskers = 3

// account asks what is not known yet about the account, with another user's key
// where one may not.
func (r *round) account(a *account, askers []*askedKey) {
	try := func(known bool, f func(*iam.Client) (why string)) {
		for _, k := range askers {
			if known || a.asked[k] {
				continue
			}
			if f(iam.NewFromConfig(k.aws.signedBy(k.by()))) == "" {
				return
			}
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		try(a.facts.Root.Known(), func(c *iam.Client) string {
			r.call(func() {
				out, err := c.GetAccountSummary(r.ctx, &iam.GetAccountSummaryInput{})
				var f credfile.RootFacts
				if err == nil {
					password, told := out.SummaryMap["AccountPasswordPresent"]
					f = credfile.RootFacts{
						Keys: int(out.SummaryMap["AccountAccessKeysPresent"]), MFA: int(out.SummaryMap["AccountMFAEnabled"]),
						Certificates: int(out.SummaryMap["AccountSigningCertificatesPresent"]), NoPassword: told && password == 0,
					}
				}
				a.facts.Root = answerOf(f, err, "iam:GetAccountSummary")
			})
			return a.facts.Root.Unknown
		})
	})
	wg.Go(func() {
		try(a.facts.Password.Known(), func(c *iam.Client) string {
			r.call(func() {
				out, err := c.GetAccountPasswordPolicy(r.ctx, &iam.GetAccountPasswordPolicyInput{})
				if replyOf(err) == replyGone {
					a.facts.Password = credfile.Answer[credfile.PasswordPolicy]{Value: credfile.DefaultPasswordPolicy}
					return
				}
				var p credfile.PasswordPolicy
				if err == nil && out.PasswordPolicy != nil {
					p = policyOf(out.PasswordPolicy)
				}
				a.facts.Password = answerOf(p, err, "iam:GetAccountPasswordPolicy")
			})
			return a.facts.Password.Unknown
		})
	})
	wg.Go(func() {
		try(a.report != nil, func(c *iam.Client) string {
			rows, err := r.credentialReport(c)
			if err == nil {
				a.report = rows
				a.facts.RootUse = credfile.Answer[credfile.Use]{Unknown: "the credential report has no line for root"}
				return ""
			}
			a.facts.RootUse.Unknown = whyUnknown(err, "iam:GetCredentialReport")
			if errors.Is(err, errNoReport) {
				a.facts.RootUse.Unknown = errNoReport.Error()
			}
			return a.facts.RootUse.Unknown
		})
	})
	wg.Wait()
	a.asked = map[*askedKey]bool{}
	for _, k := range askers {
		a.asked[k] = true
	}
}

// askers returns keys of different users, the root user's first.
func (a *account) askers() []*askedKey {
	var found []*askedKey
	seen := map[string]bool{}
	for _, wantRoot := range []bool{true, false} {
		for _, k := range a.keys {
			id := k.facts.Identity.Value
			if (id.Owner() == credfile.OwnerRoot) == wantRoot && !seen[id.ARN] && len(found) < mostAskers {
				seen[id.ARN] = true
				found = append(found, k)
			}
		}
	}
	return found
}

func policyOf(p *types.PasswordPolicy) credfile.PasswordPolicy {
	return credfile.PasswordPolicy{
		MinLength: int(aws.ToInt32(p.MinimumPasswordLength)), Reuse: int(aws.ToInt32(p.PasswordReusePrevention)),
		MaxAge: int(aws.ToInt32(p.MaxPasswordAge)), Symbols: p.RequireSymbols, Numbers: p.RequireNumbers,
		Uppercase: p.RequireUppercaseCharacters, Lowercase: p.RequireLowercaseCharacters,
	}
}

// rootUser is the root user's name in the credential report.
const rootUser = "<root_account>"

// reportRow is a line of the credential report, by the names of its columns:
// AWS adds columns.
type reportRow map[string]string

func (r reportRow) flag(column string) (yes, known bool) {
	v := r[column]
	return v == "true", v == "true" || v == "false"
}

// lastUse is the latest use of anything in the line.
func (r reportRow) lastUse() (u credfile.Use) {
	for _, c := range []struct{ at, service, region string }{
		{"password_last_used", "", ""},
		{"access_key_1_last_used_date", "access_key_1_last_used_service", "access_key_1_last_used_region"},
		{"access_key_2_last_used_date", "access_key_2_last_used_service", "access_key_2_last_used_region"},
	} {
		at, err := time.Parse(time.RFC3339, r[c.at])
		if err != nil || !at.After(u.At) { // N/A, no_information, not_supported
			continue
		}
		u = credfile.Use{At: at, Service: "console"}
		if c.service != "" {
			u.Service, u.Region = r[c.service], r[c.region]
		}
	}
	return u
}

// reportWait is how long AWS is given to make a report, by tries.
var reportWait = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond}

var errNoReport = errors.New("the credential report is not ready yet: run the audit again in a minute")

// credentialReport reads the report and has it made where there is none.
func (r *round) credentialReport(c *iam.Client) (map[string]reportRow, error) {
	for _, d := range append([]time.Duration{0}, reportWait...) {
		if d > 0 {
			if err := sleep(r.ctx, d); err != nil {
				return nil, err
			}
		}
		var out *iam.GetCredentialReportOutput
		var err error
		r.call(func() { out, err = c.GetCredentialReport(r.ctx, &iam.GetCredentialReportInput{}) })
		if err == nil {
			return readReport(out.Content)
		}
		var api smithy.APIError
		if !errors.As(err, &api) {
			return nil, err
		}
		switch api.ErrorCode() {
		case "ReportNotPresent", "ReportExpired", "ReportInProgress":
			r.call(func() { _, err = c.GenerateCredentialReport(r.ctx, &iam.GenerateCredentialReportInput{}) })
			if err != nil {
				return nil, err
			}
		default:
			return nil, err
		}
	}
	return nil, errNoReport
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func readReport(content []byte) (map[string]reportRow, error) {
	rd := csv.NewReader(bytes.NewReader(content))
	rd.FieldsPerRecord = -1
	lines, err := rd.ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, errors.New("the credential report cannot be read")
	}
	rows := make(map[string]reportRow, len(lines))
	for _, line := range lines[1:] {
		row := reportRow{}
		for i, name := range lines[0] {
			if i < len(line) {
				row[name] = line[i]
			}
		}
		rows[row["arn"]] = row
	}
	return rows, nil
}
