package client

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
)

// An error of a call is told in keycare's words, with AWS's own on an indented line
// below, and the SDK's only where they are asked for. What says more than that
// stays as it is.
func TestExplain(t *testing.T) {
	call := func(err error) error {
		return calling(&smithy.OperationError{ServiceID: "IAM", OperationName: "DeleteAccessKey", Err: err}, "delete key X")
	}
	api := func(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }
	denied := call(api("AccessDenied", "User: ann is not\nauthorized to perform: iam:DeleteAccessKey on x"))
	const denies = "AWS denies iam:DeleteAccessKey\nAsk for a policy that allows it for your own user (\"keycare policy\" prints one), or pass --mfa-serial if your account requires MFA" +
		"\n  AccessDenied: User: ann is not authorized to perform: iam:DeleteAccessKey on x"
	refused := &url.Error{Op: "Post", URL: "http://h/", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"denied":           {denied, denies},
		"explained before": {Explain(denied), denies},
		"unknown key":      {call(api("InvalidClientTokenId", "it is invalid")), "AWS does not accept the key (deleted, inactive, or of another partition)\n  InvalidClientTokenId: it is invalid"},
		"no network":       {call(refused), "AWS cannot be reached"},
		"no name":          {call(&net.DNSError{Err: "no such host", Name: "iam.amazonaws.com"}), "AWS cannot be reached"},
		"broken off":       {call(&url.Error{Op: "Post", URL: "http://h/", Err: errors.New("EOF")}), "AWS did not answer\n  Post \"http://h/\": EOF"},
		"no answer at all": {call(errors.New("canceled")), "AWS did not answer\n  canceled"},
		"says more":        {fmt.Errorf("key X stays: %w", denied), "key X stays: " + denied.Error()},
		"of no call":       {errors.New("the file is gone"), "the file is gone"},
	} {
		if got := Explain(c.err).Error(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for said, hint := range map[string]string{
		"with an explicit deny in a service control policy":                              "organization",
		"because no permissions boundary allows the iam:X action":                        "boundary",
		"because no service control policy allows the iam:X action":                      "organization",
		"with an explicit deny in an identity-based policy":                              "until you sign in with MFA",
		"on resource: user ann with an explicit deny":                                    "until you sign in with MFA",
		"because no VPC endpoint policy allows the iam:X action":                         "network",
		"because no identity-based policy allows the iam:X action":                       "keycare policy",
		"with an explicit deny in a permissions boundary: arn:aws:iam::123456789012:x/y": "boundary",
	} {
		got := Explain(call(api("AccessDenied", "User: ann is not authorized to perform: iam:X "+said))).Error()
		if !strings.Contains(strings.Split(got, "\n")[1], hint) {
			t.Errorf("%s: %s", said, got)
		}
	}
	if said := SDKWords(errors.Join(errors.New("x"), fmt.Errorf("y: %w", Explain(denied)))); len(said) != 1 || !strings.HasPrefix(said[0], "operation error IAM: DeleteAccessKey") || strings.Contains(said[0], "\n") {
		t.Errorf("the SDK's words: %q", said)
	}
	if ReplyOf(Explain(denied)) != ReplyDenied || ReplyOf(Short(denied)) != ReplyDenied {
		t.Error("what is explained is no longer known")
	}
}

// resume has no --mfa-serial, so no hint for it may speak of that.
func TestWithoutMFASerial(t *testing.T) {
	for _, d := range denials {
		if hint := WithoutMFASerial(d.hint); strings.Contains(hint, "mfa") || hint == "" {
			t.Errorf("%q: %q", d.said, hint)
		}
	}
}
