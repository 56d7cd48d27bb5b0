package client

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"keycare/credfile"
	"keycare/rotate/awstest"
)

// On a machine whose clock is wrong, every call goes through with AWS's time, and the one
// that makes a key is sent again only for that.
func TestClockWrong(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -26 * time.Hour} {
		s := awstest.New(t, awstest.Options{AnyRegion: true, CheckSkew: true, Now: func() time.Time { return time.Now().Add(off) }})
		s.AddUser(awstest.User{Name: "ann"})
		k := s.AddKey("ann", time.Now().Add(off))
		a := FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String(s.URL())})
		pair := credfile.Pair{ID: k.ID, Secret: credfile.NewSecret(k.Secret)}
		if _, _, err := a.Identity(t.Context(), pair); err != nil {
			t.Errorf("%v off: %v", off, err)
		}
		s.ResetCalls()
		if _, err := a.Create(t.Context(), SignerOf(pair), "ann", NewToken()); err != nil {
			t.Errorf("%v off: %v", off, err)
		}
		if calls := s.Actions(); len(calls) != 2 || len(s.Keys("ann")) != 2 {
			t.Errorf("%v off: calls %v, keys %v", off, calls, s.Keys("ann"))
		}
	}
}

// An answer about the request's time says nothing about the key, and is told as what it is.
func TestClockIsNotTheSecret(t *testing.T) {
	for message, want := range map[string]Reply{
		"Signature expired: 20221103T080139Z is now earlier than 20221103T085247Z (20221103T090747Z - 15 min.)":            ReplyClock,
		"Signature not yet current: 20221103T080139Z is still later than 20221103T075247Z (20221103T074747Z + 5 min.)":     ReplyClock,
		"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key.": ReplyBadSignature,
	} {
		err := calling(&smithy.GenericAPIError{Code: "SignatureDoesNotMatch", Message: message}, "ask")
		if got := ReplyOf(err); got != want {
			t.Errorf("%s: %v", message, got)
		}
		why, lost := WhyUnknown(err, "")
		if clock := want == ReplyClock; strings.Contains(Explain(err).Error(), "clock is wrong") != clock || clock && (why != "this machine's clock is wrong" || !lost) {
			t.Errorf("%s: %v; %s", message, Explain(err), why)
		}
	}
	if ReplyOf(&smithy.GenericAPIError{Code: "RequestTimeTooSkewed"}) != ReplyClock {
		t.Error("RequestTimeTooSkewed is not about the time")
	}
	s := awstest.New(t, awstest.Options{AnyRegion: true})
	s.SetFault(func(awstest.Call) awstest.Fault {
		return awstest.Fault{Kind: awstest.FaultError, Status: 403, Code: "SignatureDoesNotMatch", Message: "Signature expired: x"}
	})
	s.AddUser(awstest.User{Name: "ann"})
	k := s.AddKey("ann", time.Now())
	a := FromConfig(aws.Config{Region: DefaultRegion, BaseEndpoint: aws.String(s.URL())})
	if _, _, err := a.Identity(t.Context(), credfile.Pair{ID: k.ID, Secret: credfile.NewSecret(k.Secret)}); !strings.Contains(Explain(err).Error(), "(at AWS it is 20") {
		t.Errorf("AWS's time is not told: %v", Explain(err))
	}
}
