package ask

import (
	"context"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// A key with several secrets in the files works if one of them does, and the
// others are told. No more is asked than that takes.
func TestFactsOfSecrets(t *testing.T) {
	for _, c := range []struct {
		desc     string
		secrets  string // of the profiles a, b, ...: r is right, w and v are wrong
		inactive bool
		rejected bool
		wrong    []string
		calls    int // of GetCallerIdentity
	}{
		{"the first is right", "rwv", false, false, []string{"b", "c"}, 1},
		{"the last is right", "wvrw", false, false, []string{"a", "b", "d"}, 3},
		{"none is right", "wvw", false, true, nil, 2},
		{"one secret in two profiles", "rr", false, false, nil, 1},
		{"an inactive key", "wr", true, true, nil, 1},
	} {
		t.Run(c.desc, func(t *testing.T) {
			w := newWard(t)
			w.iam.AddUser(awstest.User{Name: "ann"})
			k := w.iam.AddKey("ann", time.Now())
			if c.inactive {
				w.iam.SetKeyStatus(k.ID, awstest.Inactive)
			}
			for i, secret := range c.secrets {
				one := k
				if secret != 'r' {
					one.Secret = strings.Repeat(string(secret), 40)
				}
				w.profile(string(rune('a'+i)), one)
			}
			f := w.ask()[k.ID]
			if f.Rejected != c.rejected || f.Identity.Known() == c.rejected || !reflect.DeepEqual(f.WrongSecret, c.wrong) {
				t.Errorf("rejected %v, identity %+v, wrong %q", f.Rejected, f.Identity, f.WrongSecret)
			}
			if !c.rejected && (f.Status.Value != "Active" || f.User == nil || !f.User.MFA.Known()) {
				t.Errorf("the right secret did not sign the rest: %+v", f)
			}
			if n := w.count("GetCallerIdentity"); n != c.calls {
				t.Errorf("%d secrets were asked about, want %d", n, c.calls)
			}
		})
	}
}

// A secret that AWS refused stays wrong where nobody knows about the next one.
func TestFactsOfSecretsWithoutAnswer(t *testing.T) {
	w := newWard(t)
	w.iam.AddUser(awstest.User{Name: "ann"})
	k := w.iam.AddKey("ann", time.Now())
	wrong := k
	wrong.Secret = strings.Repeat("w", 40)
	w.profile("a", wrong)
	w.profile("b", k)
	var asked atomic.Int32
	w.iam.SetFault(func(call awstest.Call) awstest.Fault {
		if call.Action == "GetCallerIdentity" {
			if asked.Add(1) > 1 {
				return awstest.Fault{Kind: awstest.FaultReset}
			}
		}
		return awstest.Fault{}
	})
	if f := w.ask()[k.ID]; f.Rejected || f.Identity.Why() != "no answer from AWS" || !reflect.DeepEqual(f.WrongSecret, []string{"a"}) {
		t.Errorf("rejected %v, identity %+v, wrong %q", f.Rejected, f.Identity, f.WrongSecret)
	}
}

// What keeps an answer away is named, without names and addresses of others.
func TestSilence(t *testing.T) {
	w, k := single(t)
	q := w.asker()
	nobody := "http://" + testrun.Nobody(t)
	q.Connect = func(context.Context, credfile.Paths, string) (*client.AWS, error) {
		return client.FromConfig(aws.Config{Region: client.DefaultRegion, BaseEndpoint: &nobody, Retryer: func() aws.Retryer { return aws.NopRetryer{} }}), nil
	}
	if f := q.Facts(t.Context(), 20*time.Second)[k.ID]; f.Identity.Why() != "no answer from AWS (the connection is refused)" {
		t.Errorf("got %q", f.Identity.Why())
	}
	w, k = single(t)
	over := make(chan struct{})
	defer close(over)
	w.iam.SetFault(func(awstest.Call) awstest.Fault {
		return awstest.Fault{Kind: awstest.FaultSlow, Delay: func() { <-over }}
	})
	if f := w.asker().Facts(t.Context(), 50*time.Millisecond)[k.ID]; f.Identity.Why() != "no answer from AWS (it took too long)" {
		t.Errorf("got %q", f.Identity.Why())
	}
}
