package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"

	"keycare/credfile/facts"
	"keycare/rotate/awstest"
)

// tokenInRecord stands where CloudTrail has the token of a session.
var tokenInRecord = "IQoJb3JpZ2luX2VjE" + strings.Repeat("x7Qp/", 20)

// CloudTrail's records of all regions become counts, sessions and what to look at.
func TestActivity(t *testing.T) {
	s, a, p, user, now := trailWorld(t, "region = eu-west-1\n")
	day := now.Add(-24 * time.Hour)
	cli, kali := "aws-cli/2.15.30 Python/3.11.8 Linux/5.10 exe/x86_64 command/s3.ls", "Boto3/1.28.0 Python/3.11 Linux/6.1.0-kali5-amd64 Botocore/1.31"
	s.AddEvents(
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day, Region: "eu-west-1", Source: "s3.amazonaws.com", Name: "ListBuckets", Address: "198.51.100.7", Agent: cli},
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day.Add(time.Hour), Source: "sts.amazonaws.com", Name: "AssumeRole", Address: "203.0.113.9", Agent: kali,
			Request:  map[string]any{"roleArn": "arn:aws:iam::123456789012:role/deploy", "roleSessionName": "x", "durationSeconds": 3600},
			Response: map[string]any{"credentials": map[string]any{"accessKeyId": "ASIAQQQQQQQQQQQQQQQQ", "sessionToken": tokenInRecord, "expiration": now.Format("Jan 2, 2006, 3:04:05\u202fPM")}}},
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day.Add(2 * time.Hour), Source: "sts.amazonaws.com", Name: "GetSessionToken", Address: "203.0.113.9", Agent: kali},
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day.Add(3 * time.Hour), Source: "sts.amazonaws.com", Name: "AssumeRole", Error: "AccessDenied", Address: "203.0.113.9", Agent: kali},
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day.Add(4 * time.Hour), Name: "CreateAccessKey", Address: "203.0.113.9", Agent: kali,
			Request: map[string]any{"userName": "bob"}, Response: map[string]any{"accessKey": map[string]any{"accessKeyId": "AKIAQQQQQQQQQQQQQQQQ"}}},
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day.Add(5 * time.Hour), Name: "AttachUserPolicy", Address: "203.0.113.9", Agent: kali, Error: "AccessDenied",
			Request: map[string]any{"userName": "bob", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}},
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day.Add(6 * time.Hour), Region: "ap-south-1", Source: "ec2.amazonaws.com", Name: "RunInstances", Address: "203.0.113.9", Agent: kali,
			Request: map[string]any{"instanceType": "p4d.24xlarge"}},
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day.Add(7 * time.Hour), Region: "ap-south-1", Source: "ec2.amazonaws.com", Name: "RunInstances", Address: "203.0.113.9", Agent: kali,
			Request: map[string]any{"instanceType": "p4d.24xlarge"}},
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: day.Add(8 * time.Hour), Region: "me-south-1", Name: "ListBuckets"}, // not asked
		awstest.TrailEvent{KeyID: "AKIAAAAAAAAAAAAAAAAA", At: day.Add(8 * time.Hour), Name: "ListUsers", Agent: cli},          // of another key
		awstest.TrailEvent{KeyID: p.ID, User: "alice", At: now.AddDate(0, 0, -91), Name: "ListUsers", Agent: cli},             // forgotten
	)
	got, err := a.Activity(t.Context(), SignerOf(p), user, p.ID, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Events != 8 || got.Failed != 2 || got.Cut || len(got.Unread) != 0 || !got.First.Equal(day) || !got.Last.Equal(day.Add(7*time.Hour)) ||
		!got.Until.Equal(now) || !got.Since.Equal(now.Add(-trailKeeps)) {
		t.Errorf("got %+v", got)
	}
	names := func(all []facts.Seen) (out []string) {
		for _, s := range all {
			out = append(out, fmt.Sprint(s.Name, " ", s.Count, " ", s.Failed))
		}
		return out
	}
	for what, c := range map[string]struct {
		got  []facts.Seen
		want []string
	}{
		"addresses": {got.Addresses, []string{"203.0.113.9 7 2", "198.51.100.7 1 0"}},
		"agents":    {got.Agents, []string{"Boto3 on Kali Linux 7 2", "AWS CLI 1 0"}},
		"regions":   {got.Regions, []string{"us-east-1 5 2", "ap-south-1 2 0", "eu-west-1 1 0"}},
		"services":  {got.Services, []string{"sts 3 1", "ec2 2 0", "iam 2 1", "s3 1 0"}},
		"calls": {got.Calls, []string{"ec2:RunInstances 2 0", "sts:AssumeRole 2 1", "iam:AttachUserPolicy 1 1", "iam:CreateAccessKey 1 0",
			"sts:GetSessionToken 1 0", "s3:ListBuckets 1 0"}},
	} {
		if !slices.Equal(names(c.got), c.want) {
			t.Errorf("%s: got %q, want %q", what, names(c.got), c.want)
		}
	}
	home := "us-east-1"
	if want := []facts.Session{
		{Kind: "GetSessionToken", Address: "203.0.113.9", Region: home, At: day.Add(2 * time.Hour), Until: day.Add(14 * time.Hour)},
		{Kind: "AssumeRole", Role: "arn:aws:iam::123456789012:role/deploy", KeyID: "ASIAQQQQQQQQQQQQQQQQ", Address: "203.0.113.9", Region: home, At: day.Add(time.Hour), Until: now},
	}; !reflect.DeepEqual(got.Sessions, want) {
		t.Errorf("sessions %+v, want %+v", got.Sessions, want)
	}
	if want := []facts.Change{
		{Call: "ec2:RunInstances", Subject: "type p4d.24xlarge", Address: "203.0.113.9", Region: "ap-south-1", First: day.Add(6 * time.Hour), Last: day.Add(7 * time.Hour), Count: 2},
		{Call: "iam:AttachUserPolicy", Subject: "user bob, policy arn:aws:iam::aws:policy/AdministratorAccess", Address: "203.0.113.9", Region: home,
			First: day.Add(5 * time.Hour), Last: day.Add(5 * time.Hour), Count: 1, Failed: true},
		{Call: "iam:CreateAccessKey", Subject: "user bob, key AKIAQQQQQQQQQQQQQQQQ", Address: "203.0.113.9", Region: home, First: day.Add(4 * time.Hour), Last: day.Add(4 * time.Hour), Count: 1},
	}; !reflect.DeepEqual(got.Changes, want) {
		t.Errorf("changes %+v, want %+v", got.Changes, want)
	}
	if strings.Contains(fmt.Sprint(got), tokenInRecord[:20]) {
		t.Error("a session's token is kept")
	}
	if n, want := len(s.Calls()), a.ActivityCalls(user); n != want {
		t.Errorf("%d calls, want %d", n, want)
	}

	got, err = a.Activity(t.Context(), SignerOf(p), user, p.ID, day.Add(5*time.Hour))
	if err != nil || got.Events != 3 || !got.Since.Equal(day.Add(5*time.Hour)) {
		t.Errorf("since: %+v, %v", got, err)
	}
}

// What one region does not tell is said; where none tells there is an error, after as
// few calls as show it.
func TestActivityUntold(t *testing.T) {
	s, a, p, user, _ := trailWorld(t, "region = me-south-1\n") // one that is asked because the profile names it
	a.config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	s.AddEvents(awstest.TrailEvent{KeyID: p.ID, Region: "me-south-1", Name: "ListUsers"})
	const scp = "User: x is not authorized to perform: cloudtrail:LookupEvents with an explicit deny in a service control policy"
	denied := awstest.Fault{Kind: awstest.FaultError, Status: 400, Code: "AccessDeniedException", Message: scp}
	faults := map[string]awstest.Fault{}
	ask := func() (facts.Activity, error) {
		now := maps.Clone(faults) // the server's goroutines read it, and one whose connection is reset is not waited for
		s.SetFault(func(c awstest.Call) awstest.Fault { return now[c.Region] })
		s.ResetCalls()
		return a.Activity(t.Context(), SignerOf(p), user, p.ID, time.Time{})
	}

	faults["us-east-1"], faults["eu-west-1"], faults["eu-west-2"] = denied, awstest.Fault{Kind: awstest.FaultThrottle}, awstest.Fault{Kind: awstest.FaultReset}
	got, err := ask()
	if err != nil || got.Events != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if want := []facts.Unread{{Region: "eu-west-1", Why: facts.Throttle, Lost: true}, {Region: "eu-west-2", Why: "no answer from AWS", Lost: true},
		{Region: "us-east-1", Why: "needs cloudtrail:LookupEvents"}}; !slices.Equal(got.Unread, want) {
		t.Errorf("unread %+v, want %+v", got.Unread, want)
	}

	faults["us-east-2"] = awstest.Fault{Kind: awstest.FaultError, Status: 400, Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
	if got, err = ask(); err != nil || !slices.Contains(got.Unread, facts.Unread{Region: "us-east-2", Why: "the account has not turned this region on"}) {
		t.Errorf("unread %+v, %v", got.Unread, err)
	}

	faults["us-east-1"] = awstest.Fault{Kind: awstest.FaultDeny}
	if _, err = ask(); ReplyOf(err) != ReplyDenied || DeniedAction(err) != "cloudtrail:LookupEvents" || len(s.Calls()) != 1 {
		t.Errorf("denied: %v after %d calls", err, len(s.Calls()))
	}
	faults["us-east-1"] = awstest.Fault{Kind: awstest.FaultReset}
	if _, err = ask(); ReplyOf(err) != ReplySilent || len(s.Calls()) != 1 {
		t.Errorf("silent: %v after %d calls", err, len(s.Calls()))
	}
	for _, region := range a.activityRegions(user) {
		faults[region] = denied
	}
	if _, err = ask(); ReplyOf(err) != ReplyDenied || len(s.Calls()) != a.ActivityCalls(user) {
		t.Errorf("denied everywhere: %v after %d calls", err, len(s.Calls()))
	}
	user.ARN = strings.Replace(user.ARN, "arn:aws:", "arn:aws-iso:", 1)
	_, err = ask()
	if why, lost := WhyUnknown(err, "x"); !errors.Is(err, errNoTrail) || lost || why != errNoTrail.Error() {
		t.Errorf("another partition: %v, %q, %v", err, why, lost)
	}
}

// What AWS says becomes part of a sentence, and no page of it.
func TestWhyUnknownIsAClause(t *testing.T) {
	for said, want := range map[string]string{
		"The policy cannot be found.": "NoSuchEntity: The policy cannot be found",
		strings.Repeat("é", 9000):     "NoSuchEntity: " + strings.Repeat("é", mostWhy-1-len("NoSuchEntity: ")) + "…",
	} {
		if why, lost := WhyUnknown(&smithy.GenericAPIError{Code: "NoSuchEntity", Message: said}, "x"); why != want || !lost {
			t.Errorf("%.40q: %q, %v", said, why, lost)
		}
	}
}

// Of more events than are read the latest count, and it is said.
func TestActivityCut(t *testing.T) {
	s, a, p, user, now := trailWorld(t, "")
	var events []awstest.TrailEvent
	for i := range mostActivity*50 + 1 {
		events = append(events, awstest.TrailEvent{KeyID: p.ID, At: now.Add(-time.Duration(i) * time.Second), Name: "ListUsers", Address: fmt.Sprintf("198.51.%d.%d", 100+i/200, i%200)})
	}
	s.AddEvents(events[1:]...)
	got, err := a.Activity(t.Context(), SignerOf(p), user, p.ID, time.Time{})
	if err != nil || got.Cut || got.Events != mostActivity*50 {
		t.Errorf("all: cut %v, %d events, %v", got.Cut, got.Events, err)
	}
	if n := len(got.Addresses); n != facts.MostSeen || got.Addresses[n-1].Name != facts.Rest || got.Addresses[n-1].Count != mostActivity*50-n+1 {
		t.Errorf("%d addresses, at last %+v", n, got.Addresses[n-1])
	}
	s.AddEvents(events[0])
	got, err = a.Activity(t.Context(), SignerOf(p), user, p.ID, time.Time{})
	if err != nil || !got.Cut || got.Events != mostActivity*50 || !got.Last.Equal(now) || got.First.Equal(events[len(events)-1].At) {
		t.Errorf("cut %v, %d events, %v to %v, %v", got.Cut, got.Events, got.First, got.Last, err)
	}
}

// A page of CloudTrail's may be far longer than other replies.
func TestActivityOfLongRecords(t *testing.T) {
	s, a, p, user, _ := trailWorld(t, "")
	for range 50 {
		s.AddEvents(awstest.TrailEvent{KeyID: p.ID, Name: "PutUserPolicy", Request: map[string]any{"policyDocument": strings.Repeat("x", MostReply/40)}})
	}
	if got, err := a.Activity(t.Context(), SignerOf(p), user, p.ID, time.Time{}); err != nil || got.Events != 50 {
		t.Errorf("%d events, %v, %v", got.Events, got.Unread, err)
	}
}

// An event is read whatever stands in it, and nothing of it is shown that is not short,
// plain and no secret.
func TestHostileRecord(t *testing.T) {
	secret := "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY"
	for _, bad := range []string{secret, "AKIAQQQQQQQQQQQQQQQQ:" + secret, "a\x1b[31mb", "<script>", strings.Repeat("a", 400), "\u202eevil", ""} {
		read := func(source, name string) record {
			text, err := json.Marshal(map[string]any{"eventSource": source, "eventName": name, "awsRegion": bad, "sourceIPAddress": bad, "userAgent": bad, "errorCode": "",
				"requestParameters": map[string]any{"userName": bad, "roleArn": bad, "name": bad},
				"responseElements":  map[string]any{"credentials": map[string]any{"accessKeyId": bad, "expiration": bad}}})
			if err != nil {
				t.Fatal(err)
			}
			return recordOf(types.Event{CloudTrailEvent: aws.String(string(text)), EventSource: aws.String(bad), EventName: aws.String(bad)}, "us-east-1", spanOf(time.Now()))
		}
		if r := read(bad, bad); r.address != other || r.agent != other || r.service != other || r.name != other || r.region != "us-east-1" {
			t.Errorf("%q: %+v", bad, r)
		}
		if r := read("sts.amazonaws.com", "AssumeRole"); r.session == nil || r.session.Role != "" || r.session.KeyID != "" {
			t.Errorf("%q: session %+v", bad, r.session)
		}
		if r := read("iam.amazonaws.com", "CreateUser"); r.change == nil || r.change.Subject != "" {
			t.Errorf("%q: change %+v", bad, r.change)
		}
	}
	for _, text := range []string{"", "{", "[]", `{"requestParameters":7}`, `{"eventTime":7}`, `{"eventTime":"soon"}`} {
		r := recordOf(types.Event{CloudTrailEvent: aws.String(text), EventSource: aws.String("s3.amazonaws.com"), EventName: aws.String("ListBuckets")}, "us-east-1", spanOf(time.Now()))
		if r.call() != "s3:ListBuckets" || r.address != other {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

func TestProductOf(t *testing.T) {
	for agent, want := range map[string]string{
		"aws-cli/2.15.30 Python/3.11.8 Linux/5.10 exe/x86_64 command/s3.ls":                        "AWS CLI",
		"[aws-cli/1.16 Python/2.7 Linux/4.9 botocore/1.12]":                                        "AWS CLI",
		"APN/1.0 HashiCorp/1.0 Terraform/1.5.7 (+https://www.terraform.io) aws-sdk-go-v2/1.24":     "Terraform",
		"aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 md/GOARCH#amd64 api/iam#1.64.6 keycare": "keycare",
		"TruffleHog aws-sdk-go-v2/1.24":                                                            "TruffleHog",
		"Boto3/1.28 md/Botocore#1.31 ua/2.0 os/linux#6.1.0-kali9-amd64 md/arch#x86_64":             "Boto3 on Kali Linux",
		"cloudformation.amazonaws.com":                                                             "cloudformation.amazonaws.com",
		"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/120.0":                             "a browser",
		"my-backup/2.1 (token=hunter2)":                                                            "my-backup",
		"hunter2secret/1":                                                                          other,
		"AKIAQQQQQQQQQQQQQQQQ/1":                                                                   other,
	} {
		if got := productOf(agent); got != want {
			t.Errorf("%q: got %q, want %q", agent, got, want)
		}
	}
}

// keycare's own calls can be told from others.
func TestOwnProduct(t *testing.T) {
	s, a, p, _, _ := trailWorld(t, "")
	if _, _, err := a.Identity(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.List(t.Context(), SignerOf(p), ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Calls() {
		if productOf(c.UserAgent) != "keycare" {
			t.Errorf("%s: %q", c.Action, c.UserAgent)
		}
	}
}

// A time that cannot be is not known, whoever wrote it: the event counts all the same,
// and no document has a year that JSON has not.
func TestActivityAbsurdTimes(t *testing.T) {
	told := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	can, good := spanOf(told), told.Add(-time.Hour)
	event := func(at time.Time, inRecord, expires string) record {
		text, err := json.Marshal(map[string]any{"eventTime": inRecord, "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "sourceIPAddress": "203.0.113.9",
			"responseElements": map[string]any{"credentials": map[string]any{"accessKeyId": "ASIAQQQQQQQQQQQQQQQQ", "expiration": expires}}})
		if err != nil {
			t.Fatal(err)
		}
		return recordOf(types.Event{CloudTrailEvent: aws.String(string(text)), EventTime: aws.Time(at)}, "us-east-1", can)
	}
	never := time.Time{}
	for _, bad := range []time.Time{{}, time.Unix(0, 0), time.Unix(1<<40, 0), told.Add(time.Hour), told.AddDate(0, 0, -200), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		for _, text := range []string{"", "soon", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-01T11:00:00Z", told.Add(longestSession + 10*time.Minute).Format(time.RFC3339)} {
			r := event(bad, text, text)
			if r.address != "203.0.113.9" || !r.at.IsZero() || !r.session.At.IsZero() || r.session.Until.After(told.Add(longestSession+trailLate)) {
				t.Errorf("%v, %q: %+v, session %+v", bad, text, r, r.session)
			}
			all := newTally()
			all.add(r)
			if a := all.activity(); a.Events != 1 || !a.Last.IsZero() || !a.Addresses[0].Last.IsZero() {
				t.Errorf("%v, %q: %+v", bad, text, a)
			}
			if r = event(good, text, text); !r.at.Equal(good) || !r.session.Until.After(good) || r.session.Until.Sub(good) > longestSession+trailLate {
				t.Errorf("%q: %+v, session %+v", text, r, r.session)
			}
		}
		if r := event(bad, good.Format(time.RFC3339), ""); !r.at.Equal(good) || !r.session.Until.Equal(good.Add(time.Hour)) {
			t.Errorf("%v: %+v, session %+v", bad, r, r.session)
		}
	}
	if r := event(never, "", told.Add(time.Hour).Format(time.RFC3339)); !r.session.Until.Equal(told.Add(time.Hour)) {
		t.Errorf("session %+v", r.session)
	}
}
