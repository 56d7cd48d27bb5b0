package ask

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keycare/credfile/facts"
	"keycare/rotate/awstest"
)

const (
	testOwn      = "arn:aws:iam::123456789012:policy/own"
	testLittle   = "arn:aws:iam::123456789012:policy/team/little"
	testBoundary = "arn:aws:iam::123456789012:policy/boundary"
)

// deepWard has a user, in a group, about whom a deep audit learns something of each
// kind.
func deepWard(t testing.TB) (*ward, awstest.Key) {
	w, k := single(t)
	w.iam.SetPolicies("ann", []string{testOwn, testQuarantine}, nil)
	w.iam.SetPolicyText(testOwn, testAllowMost)
	w.iam.SetPolicyText(testOwn, testAllowAll) // the version in force
	w.iam.AddGroup("ops")
	w.iam.AddMember("ops", "ann")
	w.iam.SetGroupPolicies("ops", []string{testLittle, testOwn}, nil)
	w.iam.SetBoundary("ann", testBoundary)
	w.iam.SetPolicyText(testBoundary, testAllowMost)
	w.iam.SetPowers("ann", []string{"iam:PassRole", "ec2:RunInstances"}, []string{"s3:GetObject"})
	w.iam.SetServiceUse("ann", map[string]time.Time{"s3": time.Now().AddDate(0, 0, -3).Truncate(time.Second), "sqs": {}})
	w.iam.SetSecurityContact("", true)
	w.iam.AddEvents(awstest.TrailEvent{KeyID: k.ID, User: "ann", Region: "eu-west-1", Source: "s3.amazonaws.com", Name: "ListBuckets", Address: "198.51.100.7", Agent: "Boto3/1.28"})
	return w, k
}

func (w *ward) deep() map[string]facts.Online {
	w.t.Helper()
	q := w.asker()
	q.Deep = true
	return q.Facts(w.t.Context(), time.Minute)
}

// A deep audit learns all of it, and one that does not go deep makes none of the calls.
func TestDeep(t *testing.T) {
	w, k := deepWard(t)
	pauses := fakePause(t)
	w.iam.SetJobRounds(3)
	w.iam.SetPageSize(10)
	f := w.deep()[k.ID]
	if u := f.User; u.Limit(u.Managed[testOwn].Value) != facts.GrantsPerhapsAll || len(u.Managed) != 2 ||
		u.Managed[testOwn].Value != facts.GrantsAll || !u.Managed[testLittle].Known() || u.Managed[testLittle].Value != facts.GrantsSome {
		t.Errorf("policies %+v", u.Managed)
	}
	if b := f.User.Boundary; !b.Known() || b.Value.ARN != testBoundary || b.Value.Grants.Value != facts.GrantsPerhapsAll {
		t.Errorf("boundary %+v", b)
	}
	if p := f.User.Powers.Value; !slices.Equal(p.Allowed, []string{"ec2:RunInstances", "iam:PassRole"}) || !slices.Equal(p.Conditional, []string{"s3:GetObject"}) ||
		len(p.Escalations) != 1 || p.Escalations[0].Name != "PassRole+EC2" {
		t.Errorf("powers %+v", f.User.Powers)
	}
	if a := f.User.Access.Value; a.Granted != 2 || len(a.Used) != 1 || a.Used[0].Service != "s3" || !slices.Equal(a.Unused, []string{"sqs"}) {
		t.Errorf("access %+v", f.User.Access)
	}
	if !slices.Equal(*pauses, []time.Duration{firstPause, 2 * firstPause, 4 * firstPause}) {
		t.Errorf("pauses %v", *pauses)
	}
	if a := f.Activity.Value; a.Events != 1 || len(a.Unread) != 0 || a.Addresses[0].Name != "198.51.100.7" || a.Agents[0].Name != "Boto3" {
		t.Errorf("activity %+v", f.Activity)
	}
	if c := f.Account.SecurityContact; !c.Known() || !c.Value {
		t.Errorf("contact %+v", c)
	}
	for name, a := range deepAnswers(f) {
		if !a.Known() {
			t.Errorf("%s: %s", name, a.Why())
		}
	}
	for action, want := range map[string]int{"LookupEvents": 17, "GetPolicy": 3, "GetPolicyVersion": 3, "GetUser": 1, "GenerateServiceLastAccessedDetails": 1, "GetAlternateContact": 1} {
		if n := w.count(action); n != want {
			t.Errorf("%d calls of %s, want %d", n, action, want)
		}
	}

	w.iam.ResetCalls()
	for name, a := range deepAnswers(w.ask()[k.ID]) {
		if a.Known() || a.Lost() || a.Why() != facts.NotAsked {
			t.Errorf("not deep: %s: %s", name, a.Why())
		}
	}
	for _, action := range w.iam.Actions() {
		if slices.Contains(deepActions, action) {
			t.Errorf("not deep: %s was called", action)
		}
	}
}

// deepActions are the calls that only a deep audit makes.
var deepActions = []string{"LookupEvents", "GetPolicy", "GetPolicyVersion", "GetUser", "SimulatePrincipalPolicy",
	"GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails", "GetAlternateContact"}

// deepOf says which answers depend on an action.
var deepOf = map[string][]string{
	"cloudtrail:LookupEvents":                {"Activity"},
	"iam:GetPolicy":                          {"Managed " + testOwn, "Managed " + testLittle, "Boundary's text"},
	"iam:GetPolicyVersion":                   {"Managed " + testOwn, "Managed " + testLittle, "Boundary's text"},
	"iam:GetUser":                            {"Boundary", "Boundary's text"},
	"iam:SimulatePrincipalPolicy":            {"Powers"},
	"iam:GenerateServiceLastAccessedDetails": {"Access"},
	"iam:GetServiceLastAccessedDetails":      {"Access"},
	"account:GetAlternateContact":            {"SecurityContact"},
}

type anyAnswer interface {
	Known() bool
	Lost() bool
	Why() string
}

// deepAnswers are the answers of a deep audit about one key, by name.
func deepAnswers(f facts.Online) map[string]anyAnswer {
	all := map[string]anyAnswer{"Activity": f.Activity}
	if f.Account != nil {
		all["SecurityContact"] = f.Account.SecurityContact
	}
	if u := f.User; u != nil {
		all["Boundary"], all["Powers"], all["Access"] = u.Boundary, u.Powers, u.Access
		for _, arn := range customerManaged(u) {
			all["Managed "+arn] = u.Managed[arn]
		}
		if b := u.Boundary; !b.Known() {
			all["Boundary's text"] = b
		} else if b.Value.ARN != "" {
			all["Boundary's text"] = b.Value.Grants
		}
	}
	return all
}

// Each permission that is missing is named, and takes nothing else away.
func TestDeepDenied(t *testing.T) {
	fakePause(t)
	for action, depend := range deepOf {
		w, k := deepWard(t)
		w.iam.Deny("ann", action)
		for name, a := range deepAnswers(w.deep()[k.ID]) {
			switch hit := slices.Contains(depend, name); {
			case hit && (a.Known() || a.Lost() && name != "Boundary's text" || a.Why() != "needs "+action):
				t.Errorf("%s: %s: known %v, lost %v, %q", action, name, a.Known(), a.Lost(), a.Why())
			case !hit && !a.Known():
				t.Errorf("%s: %s: %q", action, name, a.Why())
			}
		}
	}
}

// What had no answer is lost, and says why.
func TestDeepLost(t *testing.T) {
	fakePause(t)
	for kind, why := range map[awstest.FaultKind]string{
		awstest.FaultThrottle: facts.Throttle, awstest.FaultReset: "no answer from AWS", awstest.FaultGarbage: "no answer from AWS",
		awstest.FaultPage: "no answer from AWS", awstest.FaultEmpty: "no answer from AWS", awstest.FaultUnavailable: facts.Throttle,
	} {
		if quickSkips(kind) {
			continue
		}
		for action, depend := range deepOf {
			w, k := deepWard(t)
			_, action, _ := strings.Cut(action, ":")
			w.iam.SetFault(func(c awstest.Call) awstest.Fault {
				if c.Action == action {
					return awstest.Fault{Kind: kind}
				}
				return awstest.Fault{}
			})
			for name, a := range deepAnswers(w.deep()[k.ID]) {
				switch hit := slices.Contains(depend, name); {
				case hit && (a.Known() || !a.Lost() || a.Why() != why):
					t.Errorf("%s, fault %d: %s: known %v, lost %v, %q", action, kind, name, a.Known(), a.Lost(), a.Why())
				case !hit && !a.Known():
					t.Errorf("%s, fault %d: %s: %q", action, kind, name, a.Why())
				}
			}
		}
	}
}

// Of a key that AWS rejects, or whose owner it does not tell, nothing is known, and it
// is said why.
func TestDeepOfUnknownKeys(t *testing.T) {
	w, k := deepWard(t)
	dead := awstest.Key{ID: "AKIAQAAAAAAAQAAAAAAA", Secret: k.Secret}
	w.profile("dead", dead)
	if f := w.deep()[dead.ID]; f.Activity.Known() || f.Activity.Lost() || f.Activity.Why() != "AWS rejects the key" {
		t.Errorf("%+v", f.Activity)
	}
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "GetCallerIdentity" {
			return awstest.Fault{Kind: awstest.FaultThrottle}
		}
		return awstest.Fault{}
	})
	if f := w.deep()[k.ID]; !f.Activity.Lost() || f.Activity.Why() != facts.Throttle {
		t.Errorf("%+v", f.Activity)
	}
}

// The root user's key is followed as well. It has no policies.
func TestDeepOfRoot(t *testing.T) {
	w := newWard(t)
	k := w.iam.AddRootKey("", time.Now())
	w.profile("root", k)
	w.iam.AddEvents(awstest.TrailEvent{KeyID: k.ID, Name: "CreateUser", Request: map[string]any{"userName": "eve"}})
	f := w.deep()[k.ID]
	if a := f.Activity.Value; f.User != nil || len(a.Changes) != 1 || a.Changes[0].Subject != "user eve" || !f.Account.SecurityContact.Known() || f.Account.SecurityContact.Value {
		t.Errorf("%+v, %+v", f.Activity, f.Account)
	}
}

// A simulation that leaves something out tells nothing.
func TestPowersOfLess(t *testing.T) {
	var all []types.EvaluationResult
	for _, name := range facts.PowersAsked() {
		all = append(all, types.EvaluationResult{EvalActionName: aws.String(name), EvalDecision: types.PolicyEvaluationDecisionTypeAllowed})
	}
	if a := powersOf(all); !a.Known() || len(a.Value.Allowed) != len(all) {
		t.Errorf("%+v", a)
	}
	if a := powersOf(all[1:]); !a.Lost() || !strings.HasSuffix(a.Why(), facts.PowersAsked()[0]) {
		t.Errorf("%+v", a)
	}
}

// The names in deepFields are those of the facts.
func TestDeepFields(t *testing.T) {
	for _, name := range deepFields {
		found := false
		for _, of := range []any{facts.Online{}, facts.UserFacts{}, facts.AccountFacts{}} {
			_, ok := reflect.TypeOf(of).FieldByName(name)
			found = found || ok
		}
		if !found {
			t.Errorf("no field %s", name)
		}
	}
}
