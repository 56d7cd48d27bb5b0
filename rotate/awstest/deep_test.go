package awstest_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keycare/rotate/awstest"
)

// The SDK's clients read what the server says of policies and boundaries.
func TestPolicyTexts(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	ctx, a := t.Context(), with(s, s.AddKey("alice", c.Now()))
	const own, text = "arn:aws:iam::123456789012:policy/team/own", `{"Statement":[{"Sid":"100% + more"}]}`
	s.SetPolicyText(own, `{}`)
	s.SetPolicyText(own, text)
	s.SetBoundary("alice", own)
	me, err := a.GetUser(ctx, &iam.GetUserInput{})
	if err != nil || me.User.PermissionsBoundary == nil || *me.User.PermissionsBoundary.PermissionsBoundaryArn != own {
		t.Fatalf("%+v, %v", me, err)
	}
	document := func(arn string) string {
		p, err := a.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
		if err != nil || *p.Policy.Arn != arn {
			t.Fatalf("%s: %+v, %v", arn, p, err)
		}
		v, err := a.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: p.Policy.DefaultVersionId})
		if err != nil || !v.PolicyVersion.IsDefaultVersion {
			t.Fatalf("%s: %+v, %v", arn, v, err)
		}
		got, err := url.PathUnescape(*v.PolicyVersion.Document)
		if err != nil {
			t.Error(err)
		}
		return got
	}
	if got := document(own); got != text {
		t.Errorf("got %s", got)
	}
	if got := document("arn:aws:iam::aws:policy/PowerUserAccess"); !strings.Contains(got, "NotAction") {
		t.Errorf("got %s", got)
	}
	first, err := a.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(own), VersionId: aws.String("v1")})
	if err != nil || *first.PolicyVersion.Document != "%7B%7D" || first.PolicyVersion.IsDefaultVersion {
		t.Errorf("%+v, %v", first, err)
	}
	_, err = a.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(own), VersionId: aws.String("v3")})
	wantCode(t, err, "NoSuchEntity")
	_, err = a.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::999999999999:policy/own")})
	wantCode(t, err, "NoSuchEntity")
	s.Deny("alice", "iam:GetPolicy")
	_, err = a.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(own)})
	wantCode(t, err, "AccessDenied")
}

func TestSimulation(t *testing.T) {
	s, c := newServer(t)
	alice := s.AddUser(awstest.User{Name: "alice", Path: "/dev/"})
	ctx, a := t.Context(), with(s, s.AddKey("alice", c.Now()))
	s.SetPowers("alice", []string{"s3:GetObject"}, []string{"iam:PassRole"})
	s.SetPageSize(2)
	ask := func(names ...string) (out []string) {
		in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &alice.ARN, ActionNames: names}
		for p := iam.NewSimulatePrincipalPolicyPaginator(a, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.EvaluationResults {
				out = append(out, *r.EvalActionName+" "+string(r.EvalDecision)+" "+strings.Join(r.MissingContextValues, ","))
			}
		}
		return out
	}
	if got := ask("s3:GetObject", "iam:PassRole", "iam:CreateUser"); !slices.Equal(got, []string{"s3:GetObject allowed ", "iam:PassRole implicitDeny aws:SourceIp", "iam:CreateUser implicitDeny "}) {
		t.Errorf("got %q", got)
	}
	s.SetPolicies("alice", []string{adminARN}, nil)
	if got := ask("iam:CreateUser"); !slices.Equal(got, []string{"iam:CreateUser allowed "}) {
		t.Errorf("administrator: %q", got)
	}
	_, err := a.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &alice.ARN, ActionNames: []string{"iam:*"}})
	wantCode(t, err, "InvalidInput")
	_, err = a.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(alice.ARN + "x"), ActionNames: []string{"iam:GetUser"}})
	wantCode(t, err, "NoSuchEntity")
}

func TestServiceUse(t *testing.T) {
	s, c := newServer(t)
	alice := s.AddUser(awstest.User{Name: "alice"})
	ctx, a := t.Context(), with(s, s.AddKey("alice", c.Now()))
	used := c.Now().AddDate(0, 0, -3)
	s.SetServiceUse("alice", map[string]time.Time{"s3": used, "sqs": {}})
	s.SetJobRounds(1)
	job, err := a.GenerateServiceLastAccessedDetails(ctx, &iam.GenerateServiceLastAccessedDetailsInput{Arn: &alice.ARN, Granularity: types.AccessAdvisorUsageGranularityTypeServiceLevel})
	if err != nil {
		t.Fatal(err)
	}
	in := &iam.GetServiceLastAccessedDetailsInput{JobId: job.JobId}
	if got, err := a.GetServiceLastAccessedDetails(ctx, in); err != nil || got.JobStatus != types.JobStatusTypeInProgress || len(got.ServicesLastAccessed) != 0 {
		t.Errorf("at once: %+v, %v", got, err)
	}
	got, err := a.GetServiceLastAccessedDetails(ctx, in)
	if err != nil || got.JobStatus != types.JobStatusTypeCompleted || len(got.ServicesLastAccessed) != 2 || got.IsTruncated {
		t.Fatalf("%+v, %v", got, err)
	}
	if l := got.ServicesLastAccessed[0]; *l.ServiceNamespace != "s3" || !l.LastAuthenticated.Equal(used) || *l.LastAuthenticatedRegion != "eu-west-1" {
		t.Errorf("%+v", l)
	}
	if l := got.ServicesLastAccessed[1]; *l.ServiceNamespace != "sqs" || l.LastAuthenticated != nil || *l.TotalAuthenticatedEntities != 0 {
		t.Errorf("%+v", l)
	}
	_, err = a.GetServiceLastAccessedDetails(ctx, &iam.GetServiceLastAccessedDetailsInput{JobId: aws.String("00000000-0000-0000-0000-000000000000")})
	wantCode(t, err, "NoSuchEntity")
	_, err = a.GenerateServiceLastAccessedDetails(ctx, &iam.GenerateServiceLastAccessedDetailsInput{Arn: aws.String("arn:aws:iam::123456789012:user/nobody")})
	wantCode(t, err, "NoSuchEntity")
}

// CloudTrail and the account service are asked by their own clients, and fail in their own way.
func TestJSONServices(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	k := s.AddKey("alice", c.Now())
	ctx, options := t.Context(), with(s, k).Options()
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(s.URL()), Credentials: options.Credentials, Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
	trail, acct := cloudtrail.NewFromConfig(cfg), account.NewFromConfig(cfg)
	contact := func() (*account.GetAlternateContactOutput, error) {
		return acct.GetAlternateContact(ctx, &account.GetAlternateContactInput{AlternateContactType: accounttypes.AlternateContactTypeSecurity})
	}
	look := func(attribute trailtypes.LookupAttributeKey, value string) (*cloudtrail.LookupEventsOutput, error) {
		return trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: attribute, AttributeValue: &value}}})
	}

	_, err := contact()
	wantCode(t, err, "ResourceNotFoundException")
	s.SetSecurityContact("", true)
	if got, err := contact(); err != nil || got.AlternateContact == nil || *got.AlternateContact.EmailAddress == "" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = acct.GetAlternateContact(ctx, &account.GetAlternateContactInput{AlternateContactType: accounttypes.AlternateContactTypeBilling})
	wantCode(t, err, "ValidationException")

	s.AddEvents(
		awstest.TrailEvent{KeyID: k.ID, User: "alice", Source: "s3.amazonaws.com", Name: "ListBuckets", At: c.Now().Add(-time.Hour)},
		awstest.TrailEvent{KeyID: k.ID, User: "alice", Name: "CreateUser", Error: "AccessDenied", Request: map[string]any{"userName": "eve"}},
		awstest.TrailEvent{KeyID: k.ID, Region: "eu-west-1", Name: "CreateUser"},
		awstest.TrailEvent{KeyID: "AKIAQAAAAAAAQAAAAAAA", Name: "CreateUser"})
	got, err := look(trailtypes.LookupAttributeKeyAccessKeyId, k.ID)
	if err != nil || len(got.Events) != 2 || got.NextToken != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if e := got.Events[0]; *e.EventName != "CreateUser" || *e.AccessKeyId != k.ID || !e.EventTime.Equal(c.Now()) || *e.EventSource != "iam.amazonaws.com" {
		t.Errorf("%+v", e)
	}
	var record struct {
		ErrorCode, AWSRegion, SourceIPAddress string
		UserIdentity                          struct{ AccessKeyID string }
		RequestParameters                     map[string]string
	}
	if err := json.Unmarshal([]byte(*got.Events[0].CloudTrailEvent), &record); err != nil || record.ErrorCode != "AccessDenied" || record.AWSRegion != "us-east-1" ||
		record.SourceIPAddress != "127.0.0.1" || record.UserIdentity.AccessKeyID != k.ID || record.RequestParameters["userName"] != "eve" {
		t.Errorf("%+v, %v", record, err)
	}
	if got, err := look(trailtypes.LookupAttributeKeyEventName, "CreateUser"); err != nil || len(got.Events) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = look(trailtypes.LookupAttributeKeyUsername, "alice")
	wantCode(t, err, "InvalidLookupAttributesException")

	for fault, codes := range map[awstest.FaultKind][2]string{
		awstest.FaultThrottle: {"ThrottlingException", "TooManyRequestsException"}, awstest.FaultDeny: {"AccessDeniedException", "AccessDeniedException"},
		awstest.FaultUnavailable: {"ServiceUnavailable", "ServiceUnavailable"},
	} {
		s.SetFault(func(awstest.Call) awstest.Fault { return awstest.Fault{Kind: fault} })
		_, err = look(trailtypes.LookupAttributeKeyAccessKeyId, k.ID)
		wantCode(t, err, codes[0])
		_, err = contact()
		wantCode(t, err, codes[1])
	}
	s.SetFault(nil)
	s.SetKeyStatus(k.ID, awstest.Inactive)
	_, err = contact()
	wantCode(t, err, "UnrecognizedClientException")
	calls := s.Calls()
	if last := calls[len(calls)-1]; last.Service != "account" || last.Action != "GetAlternateContact" || last.Code != "UnrecognizedClientException" {
		t.Errorf("%+v", last)
	}
}
