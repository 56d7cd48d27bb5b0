package awstest_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keycare/rotate/awstest"
)

// Inline policies come with their text encoded as in a URL, by user and by group.
func TestInlinePolicies(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	s.AddGroup("dev")
	ctx, a, alice, dev := t.Context(), with(s, s.AddKey("alice", c.Now())), aws.String("alice"), aws.String("dev")
	const document = `{"Statement": [{"Sid": "a+b 100%"}]}`
	s.SetInline("alice", map[string]string{"p": document})
	s.SetGroupInline("dev", map[string]string{"q": document})
	user, err := a.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: alice, PolicyName: aws.String("p")})
	if err != nil {
		t.Fatal(err)
	}
	group, err := a.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: dev, PolicyName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []*string{user.PolicyDocument, group.PolicyDocument} {
		if got, err := url.PathUnescape(*text); got != document || err != nil || *text == document {
			t.Errorf("got %q", *text)
		}
	}
	_, err = a.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: alice, PolicyName: aws.String("q")})
	wantCode(t, err, "NoSuchEntity")
	_, err = a.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: aws.String("none"), PolicyName: aws.String("q")})
	wantCode(t, err, "NoSuchEntity")
}

func TestOtherCredentials(t *testing.T) {
	s, c := newServer(t)
	s.AddUser(awstest.User{Name: "alice"})
	ctx, a, alice := t.Context(), with(s, s.AddKey("alice", c.Now())), aws.String("alice")
	s.SetPageSize(1)
	cert := s.AddCertificate("alice", awstest.Certificate{Uploaded: c.Now()})
	s.AddCertificate("alice", awstest.Certificate{Status: awstest.Inactive})
	certs, err := a.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{UserName: alice})
	if err != nil || len(certs.Certificates) != 1 || !certs.IsTruncated || *certs.Certificates[0].CertificateId != cert || certs.Certificates[0].Status != "Active" {
		t.Errorf("certificates %+v, %v", certs, err)
	}
	id := s.AddServiceCredential("alice", awstest.ServiceCredential{Service: "codecommit.amazonaws.com", Created: c.Now(), Expires: c.Now().Add(time.Hour)})
	creds, err := a.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{UserName: alice})
	if err != nil || len(creds.ServiceSpecificCredentials) != 1 || *creds.ServiceSpecificCredentials[0].ServiceSpecificCredentialId != id ||
		!creds.ServiceSpecificCredentials[0].ExpirationDate.Equal(c.Now().Add(time.Hour)) {
		t.Errorf("credentials %+v, %v", creds, err)
	}
	s.AddMFA("alice", "phone", "1")
	s.AddMFA("alice", "key", "")
	s.AddMFA("root", "root-account-mfa-device", "1")
	first, err := a.ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{})
	if err != nil || len(first.VirtualMFADevices) != 1 || *first.VirtualMFADevices[0].User.UserName != "alice" || !first.IsTruncated {
		t.Fatalf("devices %+v, %v", first, err)
	}
	second, err := a.ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{Marker: first.Marker})
	if err != nil || len(second.VirtualMFADevices) != 1 || *second.VirtualMFADevices[0].User.Arn != "arn:aws:iam::123456789012:root" || second.IsTruncated {
		t.Errorf("devices %+v, %v", second, err)
	}
	none, err := a.ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{AssignmentStatus: "Unassigned"})
	if err != nil || len(none.VirtualMFADevices) != 0 {
		t.Errorf("devices %+v, %v", none, err)
	}
	s.RemoveMFA("root")
	s.MakeReport("")
	if _, err := a.GetCredentialReport(ctx, &iam.GetCredentialReportInput{}); err != nil {
		t.Error(err)
	}
}
