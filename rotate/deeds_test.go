package rotate

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keycare/rotate/awstest"
)

// gives is an AssumeRole by which a key gave out the session with an ID.
func (w *world) gives(by, role, id string, at, until time.Time) {
	w.iam.AddEvents(awstest.TrailEvent{KeyID: by, User: user, At: at, Source: "sts.amazonaws.com", Name: "AssumeRole", Address: "203.0.113.9",
		Request:  map[string]any{"roleArn": role},
		Response: map[string]any{"credentials": map[string]any{"accessKeyId": id, "expiration": until.UTC().Format("Jan 2, 2006, 3:04:05 PM")}}})
}

func sessionID(n int) string {
	return fmt.Sprintf("ASIAQAAAAAAAQAAAAA%s", string([]byte{byte('A' + n/26), byte('A' + n%26)}))
}

// What the sessions did that the key gave out is told, and what those did that these
// gave out: their calls to look at, and their roles among those to end. Those of another
// account's roles are its owner's to ask about.
func TestLeakDeeds(t *testing.T) {
	w := newWorld(t)
	w.iam.SetTrailDelay(0)
	now := w.clock.Now()
	const own, other = "arn:aws:iam::123456789012:role/", "arn:aws:iam::999999999999:role/"
	w.gives(w.old.ID, own+"first", sessionID(1), now.Add(-3*time.Hour), now.Add(-2*time.Hour)) // it is over
	w.gives(sessionID(1), own+"second", sessionID(2), now.Add(-150*time.Minute), now.Add(time.Hour))
	w.gives(sessionID(2), own+"first", sessionID(1), now.Add(-140*time.Minute), now.Add(-2*time.Hour)) // a ring
	w.gives(w.old.ID, other+"partner", sessionID(3), now.Add(-time.Hour), now.Add(time.Hour))
	w.iam.AddEvents(awstest.TrailEvent{KeyID: sessionID(2), User: user, At: now.Add(-time.Hour), Region: "eu-west-1", Source: "ec2.amazonaws.com", Name: "RunInstances", Request: map[string]any{"instanceType": "p4d.24xlarge"}})
	results, err := w.rotateLeaked(w.leaked())
	if err != nil {
		t.Fatal(err)
	}
	l := results[0].Leak
	var did []string
	for _, s := range l.Did {
		did = append(did, fmt.Sprint(s.KeyID, " ", s.From, " ", s.Calls.Events))
	}
	if want := []string{sessionID(1) + "  1", sessionID(2) + " " + sessionID(1) + " 2"}; !slices.Equal(did, want) || l.Unasked != 0 {
		t.Errorf("got %q, %d not asked, want %q", did, l.Unasked, want)
	}
	if len(l.Live) != 2 || l.Live[1].KeyID != sessionID(2) || !strings.Contains(strings.Join(l.Commands, "\n"), "--role-name second ") || strings.Contains(strings.Join(l.Commands, "\n"), "--role-name first ") {
		t.Errorf("not expired: %+v, commands %q", l.Live, l.Commands)
	}
	if len(l.Changes) != 1 || l.Changes[0].Action != "ec2:RunInstances" || l.Changes[0].Session != sessionID(2) {
		t.Errorf("changes %+v", l.Changes)
	}
	w.checkLeakedEnd()
}

// CloudTrail is asked about so many sessions, those first that have not expired, and
// after one that it does not answer about no more.
func TestLeakDeedsBounded(t *testing.T) {
	for _, silent := range []bool{false, true} {
		w := newWorld(t)
		w.iam.SetTrailDelay(0)
		now := w.clock.Now()
		for i := range mostDeeds + 5 {
			w.gives(w.old.ID, "arn:aws:iam::123456789012:role/deploy", sessionID(i), now.Add(-time.Duration(i+1)*time.Minute), now.Add(-time.Second))
		}
		last := sessionID(mostDeeds + 10)
		w.gives(w.old.ID, "arn:aws:iam::123456789012:role/deploy", last, now.Add(-5*time.Hour), now.Add(time.Hour))
		var asked atomic.Int32
		w.iam.SetFault(func(c awstest.Call) awstest.Fault {
			if c.Action == "LookupEvents" && w.status(w.old.ID) == awstest.Inactive && c.Region == "us-east-1" {
				if n := asked.Add(1); silent && n == 3 {
					return awstest.Fault{Kind: awstest.FaultDropBefore}
				}
			}
			return awstest.Fault{}
		})
		results, err := w.rotateLeaked(w.leaked())
		if err != nil {
			t.Fatal(err)
		}
		l := results[0].Leak
		want := mostDeeds
		if silent {
			want = 1
		}
		if len(l.Did) != want || l.Did[0].KeyID != last || l.Unasked != mostDeeds+6-want || l.Again != "" {
			t.Errorf("silent %v: %d asked about, %d not, the first %+v", silent, len(l.Did), l.Unasked, l.Did[0])
		}
		if n, most := int(asked.Load()), mostDeeds+1; n > most {
			t.Errorf("%d questions, want at most %d", n, most)
		}
		w.iam.SetFault(nil)
		w.checkLeakedEnd()
	}
}
