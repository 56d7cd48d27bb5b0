package rotate

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
	"keycare/credfile/disk/diskfault"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// STS says that the new key is somebody else's: nothing is switched, or nothing
// retired.
func TestNewKeyOfAnotherUser(t *testing.T) {
	for n, what := range map[int]string{2: "before the switch", 3: "after the switch"} {
		w := newWorld(t)
		target, err := url.Parse(w.iam.URL())
		if err != nil {
			t.Fatal(err)
		}
		u := w.iam.Users("")[0]
		var mu sync.Mutex
		seen := 0
		front := httptest.NewServer(&httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
			ModifyResponse: func(r *http.Response) error {
				b, err := io.ReadAll(r.Body)
				if bytes.Contains(b, []byte("GetCallerIdentityResult")) {
					mu.Lock()
					if seen++; seen >= n {
						b = bytes.ReplaceAll(b, []byte(u.ID), []byte("AIDA"+strings.Repeat("X", len(u.ID)-4)))
					}
					mu.Unlock()
				}
				r.Body = io.NopCloser(bytes.NewReader(b))
				r.ContentLength = int64(len(b))
				r.Header.Del("Content-Length")
				return err
			}})
		o := w.options()
		o.Connect = func(context.Context, credfile.Paths, string) (*client.AWS, error) {
			return client.FromConfig(aws.Config{Region: client.DefaultRegion, BaseEndpoint: aws.String(front.URL),
				Retryer: func() aws.Retryer { return aws.NopRetryer{} }}), nil
		}
		_, err = New(*o).Rotate(t.Context(), "default")
		front.Close()
		if err == nil || !w.owns(w.old.ID) || n == 2 && strings.Contains(w.read(w.paths.Credentials), w.fresh()) && w.fresh() != "" {
			t.Errorf("%s: %v; keys %v", what, err, w.iam.Keys(user))
		}
	}
}

// A resumed undo looks twice: a writer that had the file half written is about
// to put the new key back.
func TestUndoLooksTwice(t *testing.T) {
	w := newWorld(t)
	w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
	w.haltAt(w.options(), "DeleteAccessKey", 1, awstest.FaultDropBefore)
	fresh := w.fresh()
	reads := 0
	w.disk = diskfault.New(diskfault.Unsynced{}, func(op diskfault.Op) diskfault.Action {
		if op.Name == "ReadFile" && strings.HasSuffix(op.String(), w.paths.Config) {
			if reads++; reads == 1 { // in the first look, when the credentials file was read
				text := w.text(w.credentials, fresh, w.iam.Secret(fresh))
				if err := os.WriteFile(w.paths.Credentials, []byte(text), 0o600); err != nil {
					t.Error(err)
				}
			}
		}
		return diskfault.Pass
	})
	o := w.options()
	w.guardDeletes(nil)
	if _, err := New(*o).Resume(t.Context()); err != nil {
		t.Error(err)
	}
	w.iam.SetFault(nil)
	w.checkWorking()
	w.checkKeys(1)
}

// The second key is looked at once more before it is deleted, and what makes it
// worth keeping keeps it.
func TestSlotRules(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		used   time.Duration // before now; 0 never
		deny   bool
		late   bool // becomes active at the second list
		gone   bool
	}{
		"unused":               {status: awstest.Inactive, gone: true},
		"used long ago":        {status: awstest.Inactive, used: 25 * time.Hour, gone: true},
		"used an hour ago":     {status: awstest.Inactive, used: time.Hour},
		"use unknown":          {status: awstest.Inactive, deny: true},
		"active":               {status: awstest.Active},
		"active again by then": {status: awstest.Inactive, late: true},
	} {
		w := newWorld(t)
		other := w.iam.AddKey(user, w.clock.Now().Add(-300*day))
		w.iam.SetKeyStatus(other.ID, c.status)
		if c.used > 0 {
			w.iam.SetLastUsed(other.ID, w.clock.Now().Add(-c.used), "s3", "x")
		}
		if c.deny {
			w.iam.Deny(user, "iam:GetAccessKeyLastUsed")
		}
		var mu sync.Mutex
		lists := 0
		w.iam.SetFault(func(call awstest.Call) awstest.Fault {
			mu.Lock()
			defer mu.Unlock()
			if call.Action == "ListAccessKeys" {
				if lists++; lists == 2 && c.late {
					return awstest.Fault{Before: func() { w.iam.SetKeyStatus(other.ID, awstest.Active) }}
				}
			}
			return awstest.Fault{}
		})
		_, err := New(*w.options()).Rotate(t.Context(), "default")
		if (err == nil) != c.gone || w.owns(other.ID) == c.gone {
			t.Errorf("%s: %v; second key there: %v", name, err, w.owns(other.ID))
		}
		w.checkWorking()
	}
}

// A call that fails for ever holds up rotation and resume: the errors hold no
// secret. Those of single faults are looked at where the faults are.
func TestErrorsHoldNoSecret(t *testing.T) {
	testrun.NotShort(t)
	calls := []struct {
		action string
		n      int
	}{{"GetCallerIdentity", 2}, {"GetCallerIdentity", 3}, {"ListAccessKeys", 2}, {"CreateAccessKey", 1}, {"DeleteAccessKey", 1}}
	ways := slices.Sorted(maps.Keys(awsFaults))
	for part, name := range []string{"each way at a call", "each way at every other call"} {
		t.Run(name, func(t *testing.T) {
			if part > 0 {
				testrun.Long(t)
			}
			for i, way := range ways {
				for j, from := range calls {
					if way != "slow" && (i%len(calls) == j) == (part == 0) {
						failsForEver(t, way, from.action, from.n)
					}
				}
			}
		})
	}
}

// failsForEver lets an action fail from its n-th call on, in a rotation and in
// the resume after it.
func failsForEver(t *testing.T, way, action string, n int) {
	w := newWorld(t)
	var mu sync.Mutex
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Action == action {
			if n--; n <= 0 {
				return awsFaults[way](w)
			}
		}
		return awstest.Fault{}
	})
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	w.saw(err)
	_, err = New(*w.options()).Resume(t.Context())
	w.saw(err)
	w.checkSecrets()
	if t.Failed() {
		t.Fatalf("%s of %s for ever", way, action)
	}
	w.iam.Close()
}
