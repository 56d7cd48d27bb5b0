package awstest_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keycare/rotate/awstest"
)

const adminARN = "arn:aws:iam::aws:policy/AdministratorAccess"

func TestRoot(t *testing.T) {
	s, c := newServer(t)
	k := s.AddRootKey("", c.Now().AddDate(-3, 0, 0))
	ctx, r := t.Context(), with(s, k)
	id, err := r.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *id.Arn != "arn:aws:iam::123456789012:root" || *id.UserId != "123456789012" {
		t.Fatalf("identity %v %v", id, err)
	}
	me, err := r.GetUser(ctx, &iam.GetUserInput{})
	if err != nil || *me.User.Arn != *id.Arn || *me.User.UserId != *id.UserId || me.User.UserName != nil {
		t.Errorf("user %v %v", me, err)
	}
	if got := r.list(t, nil); !slices.Equal(got, []string{k.ID + " Active"}) {
		t.Errorf("keys %v", got)
	}
	sum, err := r.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	if err != nil || sum.SummaryMap["AccountAccessKeysPresent"] != 1 || sum.SummaryMap["AccountMFAEnabled"] != 0 {
		t.Errorf("summary %v %v", sum, err)
	}

	// The way from a root key to an administrator's.
	name, group := aws.String("ann"), aws.String("administrators")
	s.RequireAdmin(true)
	_, err = r.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group})
	wantCode(t, err, "")
	_, err = r.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group})
	wantCode(t, err, "EntityAlreadyExists")
	_, err = r.CreateUser(ctx, &iam.CreateUserInput{UserName: name})
	wantCode(t, err, "")
	_, err = r.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ANN")})
	wantCode(t, err, "EntityAlreadyExists")
	_, err = r.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a/b")})
	wantCode(t, err, "ValidationError")
	_, err = r.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: name, GroupName: group})
	wantCode(t, err, "")
	ann := with(s, r.create(t, "ann"))
	_, err = ann.ListUsers(ctx, &iam.ListUsersInput{})
	wantCode(t, err, "AccessDenied")
	_, err = r.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: group, PolicyArn: aws.String("arn:aws-cn:iam::aws:policy/AdministratorAccess")})
	wantCode(t, err, "NoSuchEntity")
	_, err = r.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: group, PolicyArn: aws.String(adminARN)})
	wantCode(t, err, "")
	_, err = ann.ListUsers(ctx, &iam.ListUsersInput{})
	wantCode(t, err, "")
	if g := s.Groups("ann"); !slices.Equal(g, []string{"administrators"}) || !slices.Equal(s.GroupPolicies("administrators"), []string{adminARN}) {
		t.Errorf("groups %v", g)
	}
	all, err := ann.GetGroup(ctx, &iam.GetGroupInput{GroupName: group})
	if err != nil || len(all.Users) != 1 || *all.Users[0].UserName != "ann" || *all.Group.Arn != "arn:aws:iam::123456789012:group/administrators" {
		t.Errorf("group %v %v", all, err)
	}
	if s.RootKeysMade("") != 0 {
		t.Error("counted a user's key as root's")
	}
	extra, err := r.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	if err != nil || s.RootKeysMade("") != 1 {
		t.Errorf("root key: %v", err)
	}
	_, err = r.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: extra.AccessKey.AccessKeyId})
	wantCode(t, err, "")
	_, err = r.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	wantCode(t, err, "DeleteConflict")
	_, err = r.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: group})
	wantCode(t, err, "DeleteConflict")
	s.RemoveUser("ann")
	_, err = r.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: group, PolicyArn: aws.String(adminARN)})
	wantCode(t, err, "")
	_, err = r.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: group})
	wantCode(t, err, "")
	_, err = ann.who()
	wantCode(t, err, "InvalidClientTokenId")
}

func TestMFA(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	serial := s.AddMFA("alice", "phone", "123456")
	s.RequireMFA("alice", true)
	ctx, a := t.Context(), with(s, s.AddKey("alice", c.Now()))
	_, err := a.ListAccessKeys(ctx, &iam.ListAccessKeysInput{})
	wantCode(t, err, "AccessDenied")
	devices, err := a.ListMFADevices(ctx, &iam.ListMFADevicesInput{})
	if err != nil || len(devices.MFADevices) != 1 || *devices.MFADevices[0].SerialNumber != serial {
		t.Errorf("devices %v %v", devices, err)
	}
	get := func(serial, code *string, seconds int32) (awstest.Session, error) {
		out, err := a.sts.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: serial, TokenCode: code, DurationSeconds: aws.Int32(seconds)})
		if err != nil {
			return awstest.Session{}, err
		}
		return awstest.Session{Key: awstest.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey}, Token: *out.Credentials.SessionToken}, nil
	}
	_, err = get(&serial, aws.String("000000"), 900)
	wantCode(t, err, "AccessDenied")
	if err == nil || !strings.Contains(err.Error(), "MultiFactorAuthentication failed with invalid MFA one time pass code.") {
		t.Errorf("error %v", err)
	}
	_, err = get(aws.String(serial+"x"), aws.String("123456"), 900)
	wantCode(t, err, "AccessDenied")
	_, err = get(&serial, aws.String("123456"), 60)
	wantCode(t, err, "ValidationError")

	plain, err := get(nil, nil, 900)
	wantCode(t, err, "")
	_, err = withSession(s, plain).who()
	wantCode(t, err, "")
	_, err = withSession(s, plain).GetUser(ctx, &iam.GetUserInput{})
	wantCode(t, err, "InvalidClientTokenId")

	good, err := get(&serial, aws.String("123456"), 900)
	wantCode(t, err, "")
	m := withSession(s, good)
	if got := m.list(t, nil); len(got) != 1 {
		t.Errorf("keys %v", got)
	}
	m.create(t, "alice")
	_, err = with(s, good.Key).who()
	wantCode(t, err, "InvalidClientTokenId")
	c.Add(15 * time.Minute)
	_, err = m.who()
	wantCode(t, err, "ExpiredToken")
	for _, secret := range []string{good.Secret, good.Token} {
		if !slices.Contains(s.Secrets(), secret) {
			t.Error("a secret is not listed")
		}
	}
	s.SetMFACode(serial, "654321")
	_, err = get(&serial, aws.String("654321"), 900)
	wantCode(t, err, "")
}

func TestRoles(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	arn := s.AddRole("", "ci")
	a := with(s, s.AddKey("alice", c.Now()))
	out, err := a.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("me")})
	if err != nil || *out.AssumedRoleUser.Arn != "arn:aws:sts::123456789012:assumed-role/ci/me" {
		t.Fatalf("role %v %v", out, err)
	}
	r := withSession(s, s.AddSession("role/ci", c.Now().Add(time.Hour)))
	if arn, err := r.who(); arn != "arn:aws:sts::123456789012:assumed-role/ci/session" {
		t.Errorf("role is %s %v", arn, err)
	}
	_, err = r.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{})
	wantCode(t, err, "ValidationError")
	if got := r.list(t, aws.String("alice")); len(got) != 1 {
		t.Errorf("keys %v", got)
	}
	s.Deny("role/ci", "iam:ListAccessKeys")
	_, err = r.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("alice")})
	wantCode(t, err, "AccessDenied")
}

func TestDenyAndRename(t *testing.T) {
	s, c := newServer(t)
	alice := s.AddUser(awstest.User{Name: "alice"})
	ctx, k := t.Context(), s.AddKey("alice", c.Now())
	a := with(s, k)
	s.Deny("alice", "CreateAccessKey", "iam:ListUsers")
	s.RenameUser("alice", "alicia")
	_, err := a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	wantCode(t, err, "AccessDenied")
	_, err = a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("alice")})
	wantCode(t, err, "AccessDenied")
	s.Allow(alice.ID, "CreateAccessKey")
	_, err = a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("alice")})
	wantCode(t, err, "NoSuchEntity")
	a.create(t, "alicia")
	id, err := a.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *id.UserId != alice.ID || *id.Arn != "arn:aws:iam::123456789012:user/alicia" {
		t.Errorf("identity %v %v", id, err)
	}
	_, err = a.ListUsers(ctx, &iam.ListUsersInput{})
	wantCode(t, err, "AccessDenied")
	s.Deny("alicia", "*")
	_, err = a.GetUser(ctx, &iam.GetUserInput{})
	wantCode(t, err, "AccessDenied")
	_, err = a.who()
	wantCode(t, err, "")
	s.Allow("alicia")
	_, err = a.ListUsers(ctx, &iam.ListUsersInput{})
	wantCode(t, err, "")
}

func TestLastUsed(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	s.AddUser(awstest.User{Name: "bob"})
	a, k := with(s, s.AddKey("alice", c.Now())), s.AddKey("bob", c.Now())
	used := func() *iam.GetAccessKeyLastUsedOutput {
		t.Helper()
		out, err := a.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &k.ID})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if u := used(); *u.UserName != "bob" || u.AccessKeyLastUsed.LastUsedDate != nil || *u.AccessKeyLastUsed.ServiceName != "N/A" || *u.AccessKeyLastUsed.Region != "N/A" {
		t.Errorf("last use %+v", u.AccessKeyLastUsed)
	}
	with(s, k).who()
	if u := used(); !u.AccessKeyLastUsed.LastUsedDate.Equal(c.Now()) || *u.AccessKeyLastUsed.ServiceName != "sts" || *u.AccessKeyLastUsed.Region != "us-east-1" {
		t.Errorf("last use %+v", u.AccessKeyLastUsed)
	}
	before := c.Now()
	s.SetUseRecording(time.Minute, 15*time.Minute)
	c.Add(20 * time.Minute)
	with(s, k).who()
	if u := used(); !u.AccessKeyLastUsed.LastUsedDate.Equal(before) {
		t.Errorf("recorded too early: %v", u.AccessKeyLastUsed.LastUsedDate)
	}
	c.Add(time.Minute)
	if u := used(); !u.AccessKeyLastUsed.LastUsedDate.Equal(before.Add(15 * time.Minute)) {
		t.Errorf("last use %v", u.AccessKeyLastUsed.LastUsedDate)
	}
	s.SetLastUsed(k.ID, time.Time{}, "", "")
	if u := used(); u.AccessKeyLastUsed.LastUsedDate != nil {
		t.Errorf("last use %v", u.AccessKeyLastUsed.LastUsedDate)
	}
}

func TestPages(t *testing.T) {
	s, c := newServer(t)
	want := []string{"a", "b", "c", "d", "e"}
	for _, name := range want {
		s.AddUser(awstest.User{Name: name})
	}
	k := s.AddKey("a", c.Now())
	s.AddKey("a", c.Now())
	s.SetPageSize(2)
	var got []string
	pages := iam.NewListUsersPaginator(with(s, k), &iam.ListUsersInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Users {
			got = append(got, *u.UserName)
		}
	}
	if !slices.Equal(got, want) || len(s.Calls()) != 3 {
		t.Errorf("%v in %d pages", got, len(s.Calls()))
	}
	one, err := with(s, k).ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{MaxItems: aws.Int32(1)})
	if err != nil || len(one.AccessKeyMetadata) != 1 || !one.IsTruncated || one.Marker == nil {
		t.Errorf("page %v %v", one, err)
	}
	_, err = with(s, k).ListUsers(t.Context(), &iam.ListUsersInput{Marker: aws.String("?")})
	wantCode(t, err, "ValidationError")
}

func TestAccountFacts(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice", Created: c.Now().AddDate(-1, 0, 0)})
	ctx, k := t.Context(), s.AddKey("alice", c.Now().AddDate(0, 0, -100))
	a, name := with(s, k), aws.String("alice")
	_, err := a.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})
	wantCode(t, err, "NoSuchEntity")
	s.SetPasswordPolicy("", &awstest.PasswordPolicy{MinLength: 14, Reuse: 24, Symbols: true})
	pol, err := a.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})
	if err != nil || *pol.PasswordPolicy.MinimumPasswordLength != 14 || *pol.PasswordPolicy.PasswordReusePrevention != 24 || pol.PasswordPolicy.MaxPasswordAge != nil || !pol.PasswordPolicy.RequireSymbols {
		t.Errorf("policy %v %v", pol, err)
	}
	_, err = a.GetLoginProfile(ctx, &iam.GetLoginProfileInput{})
	wantCode(t, err, "NoSuchEntity")
	s.SetLoginProfile("alice", c.Now(), time.Time{})
	_, err = a.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: name})
	wantCode(t, err, "")
	s.SetSummary("", map[string]int{"AccountMFAEnabled": 1})
	sum, err := a.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	if err != nil || sum.SummaryMap["AccountMFAEnabled"] != 1 || sum.SummaryMap["AccessKeysPerUserQuota"] != 2 {
		t.Errorf("summary %v %v", sum, err)
	}

	s.AddGroup("dev")
	s.AddMember("dev", "alice")
	s.SetGroupPolicies("dev", []string{adminARN}, []string{"more"})
	s.SetPolicies("alice", []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}, []string{"own"})
	groups, err := a.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: name})
	if err != nil || len(groups.Groups) != 1 || *groups.Groups[0].GroupName != "dev" {
		t.Errorf("groups %v %v", groups, err)
	}
	up, err := a.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: name})
	if err != nil || *up.AttachedPolicies[0].PolicyName != "AWSCompromisedKeyQuarantineV3" {
		t.Errorf("policies %v %v", up, err)
	}
	ui, err := a.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: name})
	if err != nil || !slices.Equal(ui.PolicyNames, []string{"own"}) {
		t.Errorf("policies %v %v", ui, err)
	}
	gi, err := a.ListGroupPolicies(ctx, &iam.ListGroupPoliciesInput{GroupName: aws.String("dev")})
	if err != nil || !slices.Equal(gi.PolicyNames, []string{"more"}) {
		t.Errorf("policies %v %v", gi, err)
	}
	ga, err := a.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: aws.String("dev")})
	if err != nil || *ga.AttachedPolicies[0].PolicyArn != adminARN {
		t.Errorf("policies %v %v", ga, err)
	}

	_, err = a.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
	wantCode(t, err, "ReportNotPresent")
	s.SetReportRow("root", map[string]string{"access_key_1_active": "true", "additional_credentials_info": "none"})
	for _, want := range []types.ReportStateType{types.ReportStateTypeStarted, types.ReportStateTypeComplete, types.ReportStateTypeComplete} {
		gen, err := a.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
		if err != nil || gen.State != want {
			t.Errorf("report %v %v", gen, err)
		}
	}
	rep, err := a.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(rep.Content))).ReadAll()
	if err != nil || len(rows) != 3 || len(rows[0]) != 23 {
		t.Fatalf("report %s %v", rep.Content, err)
	}
	if root := rows[1]; root[0] != "<root_account>" || root[1] != "arn:aws:iam::123456789012:root" || root[3] != "not_supported" || root[8] != "true" || root[22] != "none" {
		t.Errorf("root row %v", root)
	}
	if u := rows[2]; u[0] != "alice" || u[2] != "2025-03-01T12:00:00+00:00" || u[8] != "true" || u[9] != "2025-11-21T12:00:00+00:00" || u[12] != "iam" || u[13] != "false" || u[14] != "N/A" {
		t.Errorf("row %v", u)
	}
	c.Add(5 * time.Hour)
	_, err = a.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
	wantCode(t, err, "ReportExpired")
}

func TestUnknownAction(t *testing.T) {
	told := make(chan string, 2)
	s, err := awstest.Start(awstest.Options{Unknown: func(a string) { told <- a }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.AddUser(awstest.User{Name: "alice"})
	_, err = with(s, s.AddKey("alice", time.Now())).ListRoles(t.Context(), &iam.ListRolesInput{})
	wantCode(t, err, "InvalidAction")
	if a := <-told; a != "ListRoles" || len(told) > 0 {
		t.Errorf("told of %s", a)
	}
}
