package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"keycare/cli/settings"
	"keycare/credfile/disk/testrun"
	"keycare/rotate"
	"keycare/rotate/awstest"
	"keycare/rotate/job"
)

// A year of a laptop: woken a few times on a working day, not at all on weekends
// and for three weeks in summer, without a network now and then. Once somebody
// else goes on using an old key, once IAM denies for ten days.
func TestScheduleYear(t *testing.T) {
	testrun.Long(t)
	s := newWorkstation(t)
	rotated, denied := s.live(365)
	if rotated != 4 || denied == 0 {
		t.Errorf("%d rotations, %d denied: want 4 and some", rotated, denied)
	}
	if got := s.notices(job.Done); got != rotated {
		t.Errorf("%d notices of a rotation, want %d", got, rotated)
	}
	if got := s.notices(job.InUse); got != 1 {
		t.Errorf("%d notices of an old key in use, want 1", got)
	}
	if got := s.notices(job.Trouble); got != 2 { // at once, and after a week
		t.Errorf("%d notices of a failure, want 2", got)
	}
	last := map[string]time.Time{}
	times := map[string]int{}
	for _, n := range s.told {
		if at, ok := last[n.About]; ok && n.at.Sub(at) < max(n.Again, 7*day) {
			t.Errorf("%q was told on %s and again on %s", n.Text, at, n.at)
		}
		last[n.About] = n.at
		if times[n.About]++; times[n.About] > 13 {
			t.Errorf("told more than once a month: %s", n.Text)
		}
	}
	if got := s.notices(job.Needs); got < 10 { // root has no MFA device, and deploy's key grows old
		t.Errorf("%d notices of what the audit found, want one a month", got)
	}
	if fi, err := os.Stat(job.LogPath(s.state())); err != nil || fi.Size() > 130<<10 {
		t.Errorf("log: %v, %v", fi, err)
	}
}

// live lets the days pass and fails where a run does what is not due, or does not
// do what is. It returns the rotations, and the runs that IAM denied one.
func (s *workstation) live(days int) (rotated, denied int) {
	t := s.t
	begin := s.now
	var audited time.Time
	var used time.Time // when the other machine used the old key last
	runs, idle, dark := 0, 0, 0
	for d := range days {
		date := begin.AddDate(0, 0, d)
		if date.Weekday() == time.Saturday || date.Weekday() == time.Sunday || d >= 200 && d < 221 {
			continue
		}
		s.iam.Allow(dana, "iam:CreateAccessKey")
		isDenied := d >= 280 && d < 297
		if isDenied {
			s.iam.Deny(dana, "iam:CreateAccessKey")
		}
		for i, hour := range []int{0, 4, 9} {
			s.mu.Lock()
			s.now = date.Add(time.Duration(hour)*time.Hour + time.Duration(d*37%60)*time.Minute)
			s.online = d%11 != 5 && (d%7 != 3 || i != 0)
			s.mu.Unlock()
			key, before := s.inFile(), len(s.asked())
			flying, _ := s.state().Journals()
			var old string // in its grace
			var switched time.Time
			if len(flying) > 0 {
				old, switched = flying[0].Old, flying[0].Switched
				if rotated == 2 && s.clock().Sub(switched) < 3*day {
					used = s.clock().Add(-2 * time.Hour)
					s.iam.SetLastUsed(old, used, "s3", "eu-west-1")
				}
			}
			daily := s.clock().Sub(audited) >= 20*time.Hour
			due := s.online && daily && s.age(key) >= 91*day
			start := s.clock()
			res := s.run()
			runs++
			switch {
			case !s.online:
				dark++
				if len(s.asked()) != before {
					t.Fatalf("%s: a call without a network", start)
				}
			case !daily && (old == "" || start.Before(flying[0].GraceEnds)) && !res.Idle:
				t.Fatalf("%s: nothing was due: %+v", start, res)
			case res.Idle:
				idle++
				if len(s.asked()) != before {
					t.Fatalf("%s: nothing was due, and yet IAM was called: %v", start, s.asked()[before:])
				}
			}
			if s.online && daily {
				audited = start
			}
			created, deleted := s.count(before, "CreateAccessKey"), s.count(before, "DeleteAccessKey")
			now := s.inFile()
			switch {
			case due && isDenied:
				denied++
				if now != key || created > 1 || deleted != 0 {
					t.Fatalf("%s: denied, key %s -> %s, %d created", start, key, now, created)
				}
			case due:
				rotated++
				t.Logf("day %d: rotated at the age of %s", d, s.age(key))
				if now == key || created != 1 || deleted != 0 {
					t.Fatalf("%s: due at %s, key %s -> %s, %d created, %d deleted: %+v", start, s.age(key), key, now, created, deleted, res)
				}
			case now != key || created != 0:
				t.Fatalf("%s: not due, key %s -> %s", start, key, now)
			}
			quiet := s.clock().Sub(switched) >= day && s.clock().Sub(used) >= day
			if want := old != "" && s.online && quiet; want != (deleted == 1) {
				t.Fatalf("%s: old key %q, switched %s, used %s: %d deleted, %+v", start, old, switched, used, deleted, res)
			}
			if n := len(s.iam.Keys(dana)); n > 2 {
				t.Fatalf("%s: %d keys", start, n)
			}
		}
	}
	if flying, err := s.state().Journals(); err != nil || len(flying) > 0 {
		t.Errorf("%d rotations in flight at the end of the year, %v", len(flying), err)
	}
	t.Logf("%d runs, %d with nothing to do, %d without a network; %d rotations, %d denied; %d notices", runs, idle, dark, rotated, denied, len(s.told))
	return rotated, denied
}

// A run that starts while another is at work does nothing.
func TestScheduleOneRunAtATime(t *testing.T) {
	s := newWorkstation(t)
	s.now = s.now.AddDate(0, 0, 20)
	first := s.job()
	looks, second := 0, &job.Result{}
	reach := first.Reach
	first.Reach = func(ctx context.Context) error {
		looks++
		second = s.run()
		if len(s.asked()) != 0 {
			t.Error("the second run made calls")
		}
		return reach(ctx)
	}
	if res, err := first.Run(t.Context()); err != nil || res.Err != nil {
		t.Fatal(err, res)
	}
	if looks != 1 || !second.Idle || s.count(0, "CreateAccessKey") != 1 {
		t.Errorf("second run: %+v, %d keys were created", second, s.count(0, "CreateAccessKey"))
	}
}

// The timer asks AWS nothing about keys that are never to be called, and deletes
// no second key.
func TestScheduleKeepsOff(t *testing.T) {
	s := newWorkstation(t)
	s.now = s.now.AddDate(0, 0, 20)
	second := s.iam.AddKey(dana, s.now.AddDate(0, 0, -300))
	s.iam.SetKeyStatus(second.ID, "Inactive")
	key := s.inFile()
	res := s.run()
	if s.inFile() != key || len(s.iam.Keys(dana)) != 2 || s.notices(job.Needs) == 0 {
		t.Errorf("an inactive second key: %+v", res)
	}
	var refused *rotate.Refused
	if !errors.As(res.Err, &refused) || !strings.Contains(res.Err.Error(), second.ID) {
		t.Errorf("error %v, want a refusal that names %s", res.Err, second.ID)
	}
	s = newWorkstation(t)
	s.never = settings.NeverCall{Profiles: []string{"work", "deploy"}}
	if res := s.run(); len(s.asked()) != 0 || res.Outcome == job.NoNetwork {
		t.Errorf("never to be called, but %d calls: %+v", len(s.asked()), res)
	}
}

// One dead endpoint, or one that is no address, is not a dead network.
func TestScheduleDeadEndpoint(t *testing.T) {
	for _, dead := range []string{"http://127.0.0.1:1", "http://%zz"} {
		t.Run(dead, func(t *testing.T) { deadEndpoint(t, dead) })
	}
}

func deadEndpoint(t *testing.T, dead string) {
	s := newWorkstation(t)
	s.now = s.now.AddDate(0, 0, 20)
	t.Setenv("AWS_ENDPOINT_URL", "")
	os.Unsetenv("AWS_ENDPOINT_URL")
	b, err := os.ReadFile(s.paths.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	credentials := "[a-local]\naws_access_key_id = AKIAQAAAAAAAQAAAAAAA\naws_secret_access_key = " + strings.Repeat("o", 40) + "\n\n" + string(b)
	config := "[profile a-local]\nendpoint_url = " + dead + "\n"
	for _, p := range []string{"work", "deploy"} {
		config += "[profile " + p + "]\nendpoint_url = " + s.iam.URL() + "\n"
	}
	for path, text := range map[string]string{s.paths.Credentials: credentials, s.paths.Config: config} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if res := s.run(); s.count(0, "CreateAccessKey") != 1 {
		t.Errorf("work was not rotated: %+v", res)
	}
}

// Of two profiles in the same trouble each is told, and what cannot be logged is
// told all the same.
func TestScheduleTellsEach(t *testing.T) {
	s := newWorkstation(t)
	var text strings.Builder
	for _, n := range []string{"ci1", "ci2"} {
		s.iam.AddUser(awstest.User{Name: n})
		k := s.iam.AddKey(n, s.now.AddDate(0, 0, -300))
		s.iam.Deny(n, "iam:ListAccessKeys", "iam:GetCredentialReport")
		fmt.Fprintf(&text, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", n, k.ID, k.Secret)
	}
	if err := os.WriteFile(s.paths.Credentials, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(job.LogPath(s.state()), 0o700); err != nil {
		t.Fatal(err)
	}
	s.care = []string{"ci1", "ci2"}
	res, err := s.job().Run(t.Context())
	if err == nil || res == nil {
		t.Fatalf("the log is a folder: %v, %+v", err, res)
	}
	all := ""
	for _, n := range res.Notices {
		all += n.Text + "\n"
	}
	for _, n := range s.care {
		if !strings.Contains(all, fmt.Sprintf("profile %q", n)) {
			t.Errorf("%s is not told: %s", n, all)
		}
	}
}
