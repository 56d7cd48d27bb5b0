package rotate

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"keycare/credfile"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// A user whose policy wants MFA for every call to IAM.
func TestMFA(t *testing.T) {
	for _, given := range []string{"flag", "profile"} {
		t.Run(given, func(t *testing.T) {
			w := newWorld(t)
			serial := w.iam.AddMFA(user, "phone", "123456")
			w.iam.RequireMFA(user, true)
			o := w.options()
			if given == "flag" {
				o.Auth.MFASerial = serial
			} else {
				w.config = strings.Replace(w.config, "region = us-east-1\n", "region = us-east-1\nmfa_serial = "+serial+"\n", 1)
				w.write(w.old.ID, w.old.Secret)
			}
			asked, signed := 0, []string(nil)
			o.MFACode = func(s string) (string, error) {
				asked++
				if s != serial {
					t.Errorf("asked for a code of %q", s)
				}
				return fmt.Sprint(123455 + asked), nil
			}
			if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
				t.Fatal(err)
			}
			if asked != 2 { // one session of the old key, and one of the new
				t.Errorf("asked for %d codes", asked)
			}
			for _, c := range w.iam.Calls() {
				if c.Action == "GetSessionToken" {
					signed = append(signed, c.KeyID)
				}
			}
			if p := w.inFiles(); len(signed) != 2 || signed[0] != w.old.ID || signed[1] != p.ID {
				t.Errorf("sessions of the keys %v", signed)
			}
			w.checkWorking()
			w.checkKeys(1)
			w.checkClosed()
			w.checkSecrets()
		})
	}
}

func TestMFAUnattended(t *testing.T) {
	w := newWorld(t)
	w.iam.AddMFA(user, "phone", "123456")
	w.iam.RequireMFA(user, true)
	o := w.options()
	o.Auth.MFASerial = "arn:aws:iam::123456789012:mfa/phone"
	if _, err := New(*o).Rotate(t.Context(), "default"); !errors.Is(err, client.ErrNeedsPerson) {
		t.Errorf("error %v", err)
	}
	if slices.Contains(w.iam.Actions(), "CreateAccessKey") {
		t.Error("a key was made")
	}
}

func TestMFAWrongCode(t *testing.T) {
	w := newWorld(t)
	serial := w.iam.AddMFA(user, "phone", "123456")
	o := w.options()
	o.Auth.MFASerial = serial
	o.MFACode = func(string) (string, error) { return "000000", nil }
	if _, err := New(*o).Rotate(t.Context(), "default"); err == nil || !strings.Contains(err.Error(), "one time pass code") {
		t.Errorf("error %v", err)
	}
	w.checkWorking()
	w.checkClosed()
}

// A rotation with MFA is resumed with a new code; without one nothing happens
// and the journal stays.
func TestMFAResumed(t *testing.T) {
	w := newWorld(t)
	serial := w.iam.AddMFA(user, "phone", "123456")
	w.iam.RequireMFA(user, true)
	shown := 123455
	code := func(string) (string, error) { shown++; return fmt.Sprint(shown), nil }
	o := w.options()
	o.Auth.MFASerial, o.MFACode = serial, code
	var met atomic.Bool
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "DeleteAccessKey" && !met.Swap(true) {
			return awstest.Fault{Kind: awstest.FaultDeny}
		}
		return awstest.Fault{}
	})
	_, err := New(*o).Rotate(t.Context(), "default")
	var half *HalfDone
	if !errors.As(err, &half) {
		t.Fatal(err)
	}
	if _, err := New(*w.options()).Resume(t.Context()); !errors.Is(err, client.ErrNeedsPerson) || !errors.As(err, &half) {
		t.Errorf("resumed without a code: %v", err)
	}
	w.checkHalf()
	again := w.options()
	again.MFACode = code
	if _, err := New(*again).Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}

// AWS takes a code once. Who has no second one is told what is true, and a later
// run retires the old key.
func TestMFAOneCode(t *testing.T) {
	w := newWorld(t)
	serial := w.iam.AddMFA(user, "phone", "123456")
	w.iam.RequireMFA(user, true)
	o := w.options()
	o.Auth.MFASerial, o.MFACode = serial, func(string) (string, error) { return "123456", nil }
	_, err := New(*o).Rotate(t.Context(), "default")
	var half *HalfDone
	if !errors.As(err, &half) || !strings.Contains(err.Error(), "The old key "+w.old.ID+" is still active") {
		t.Fatal(err)
	}
	w.checkHalf()
	if w.inFiles().ID == w.old.ID || w.status(w.old.ID) != awstest.Active {
		t.Error("the files do not hold the new key, or the old one is off")
	}
	o.MFACode = func(string) (string, error) { return "123457", nil }
	if _, err := New(*o).Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}

// Another user's key signs; alice herself may do nothing.
func TestAuthProfile(t *testing.T) {
	w := newWorld(t)
	w.iam.AddUser(awstest.User{Name: "admin"})
	admin := w.iam.AddKey("admin", w.clock.Now())
	w.iam.Deny(user, "iam:*")
	w.credentials += "\n[admin]\naws_access_key_id = " + admin.ID + "\naws_secret_access_key = " + admin.Secret + "\n"
	w.write(w.old.ID, w.old.Secret)
	o := w.options()
	o.Auth.Profile = "admin"
	results, err := New(*o).Rotate(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(results[0].User, "/"+user) {
		t.Errorf("rotated the key of %s", results[0].User)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
	if got := w.iam.Keys("admin"); len(got) != 1 || got[0].ID != admin.ID {
		t.Errorf("the signer's own keys were changed: %v", got)
	}
}

// The signer must not be the key itself, by whatever name.
func TestAuthProfileIsTheKey(t *testing.T) {
	w := newWorld(t)
	w.config += "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = twin\n"
	w.write(w.old.ID, w.old.Secret)
	for _, profile := range []string{"default", "twin", "third", "role"} {
		o := w.options()
		o.Auth.Profile = profile
		_, err := New(*o).Rotate(t.Context(), "default")
		var refused *Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", profile, err)
		}
	}
	if n := len(w.iam.Calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// Users of other partitions, and a region that the profile names.
func TestPartitions(t *testing.T) {
	for partition, region := range map[string]string{"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"} {
		t.Run(partition, func(t *testing.T) {
			w := newWorld(t)
			w.iam.AddAccount("210987654321", partition)
			w.iam.AddUser(awstest.User{Account: "210987654321", Name: "gov"})
			key := w.iam.AddKey("210987654321:gov", w.clock.Now())
			w.paths.Credentials = w.dir + "/gov"
			if err := os.WriteFile(w.paths.Credentials, []byte("[gov]\naws_access_key_id = "+key.ID+"\naws_secret_access_key = "+key.Secret+"\nregion = "+region+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("AWS_ENDPOINT_URL", w.iam.URL())
			o := w.options()
			o.Connect = client.Connect
			if _, err := New(*o).Rotate(t.Context(), "gov"); err != nil {
				t.Fatal(err)
			}
			set := credfile.NewSet(w.paths, w.read(w.paths.Credentials), "")
			p, err := set.PairAt(credfile.CredentialsFile, "gov")
			if arn, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); err != nil || !ok || !strings.HasPrefix(arn, "arn:"+partition+":") {
				t.Errorf("the new key is of %q, %v", arn, err)
			}
		})
	}
}
