package cli

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"keycare/rotate/awstest"
)

// cmdIAM is "iam SUBCOMMAND ...": the script's hand on the IAM that keycare
// talks to.
//
//	iam user NAME [PATH]              add a user
//	iam key USER DAYS VAR [ID]        give it a key of that age; VAR_ID and VAR_SECRET hold it
//	iam rootkey VAR                   the same for the root user
//	iam session USER VAR              session keys; VAR_TOKEN holds the token
//	iam status ID Active|Inactive     what a person in the console would do
//	iam used ID HOURS                 the key's last use was so long ago
//	iam attach USER ARN...            attach policies to the user
//	iam group USER GROUP ARN...       put the user into a new group with policies
//	iam console USER                  give the user a console password
//	iam deny USER ACTION...           refuse actions as a policy would
//	iam allow USER [ACTION...]        take that back, all of it without an action
//	iam mfa USER CODE VAR             IAM wants a second factor of the user; VAR is the device
//	iam trail MINUTES                 how late CloudTrail shows who made a key
//	iam event ID USER REGION SERVICE:CALL ADDRESS AGENT [ERROR]   CloudTrail tells of a call that the key ID signed
//	iam text ARN FILE                 the text of a customer-managed policy
//	iam boundary USER ARN             the user's permissions boundary
//	iam powers USER ACTION...         what a simulation allows to the user
//	iam services USER GRANTED USED    how many services the user may use, and how many of them it used yesterday
//	iam contact                       the account has a security contact
//	iam ahead MINUTES                 AWS's clock goes on by that
//	iam rival N|ACTION USER           at such a call another machine makes a key of the user, once
//	iam spread MILLISECONDS           how long new keys are unknown to STS and IAM
//	iam refuse-new                    new keys never become known
//	iam fail N|ACTION KIND [once]     a fault at the N-th call, or at calls of that action
//	iam on N|ACTION before|after rm|append|replace FILE [TEXT]
//	                                  do that to the file at such a call, once
//	iam reset                         forget the calls and the faults so far
//	iam calls                         print the calls so far, one action a line
//	iam keys USER                     print the user's keys, "ID status", in order of age
//	[!] iam works FILE PROFILE [USER] the file's pair is accepted, as that user
func cmdIAM(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || iamCommands[args[0]] == nil {
		ts.Fatalf("iam: unknown subcommand in %q", args)
	}
	if neg && args[0] != "works" {
		ts.Fatalf("iam %s cannot be negated", args[0])
	}
	defer func() { // the emulator panics where a script names what does not exist
		if e := recover(); e != nil {
			if text, ok := e.(string); ok {
				ts.Fatalf("iam %s: %s", args[0], text)
			}
			panic(e)
		}
	}()
	iamCommands[args[0]](iamCall{ts, worldOf(ts), neg, args[1:]})
}

type iamCall struct {
	ts   *testscript.TestScript
	w    *world
	neg  bool
	args []string
}

// arg returns the i-th argument; optional ones have a default.
func (c iamCall) arg(i int, otherwise ...string) string {
	switch {
	case i < len(c.args):
		return c.args[i]
	case len(otherwise) == 0:
		c.ts.Fatalf("iam: too few arguments: %q", c.args)
	}
	return otherwise[0]
}

func (c iamCall) number(i int) int {
	n, err := strconv.Atoi(c.arg(i))
	c.ts.Check(err)
	return n
}

func (c iamCall) setPair(name string, k awstest.Key) {
	c.ts.Setenv(name+"_ID", k.ID)
	setSecret(c.ts, name+"_SECRET", k.Secret)
}

var iamCommands = map[string]func(iamCall){
	"user": func(c iamCall) {
		c.w.iam.AddUser(awstest.User{Name: c.arg(0), Path: c.arg(1, "")})
	},
	"key": func(c iamCall) {
		created := time.Now().AddDate(0, 0, -c.number(1))
		c.setPair(c.arg(2), c.w.iam.ImportKey(c.arg(0), awstest.Key{ID: c.arg(3, "")}, created))
	},
	"rootkey": func(c iamCall) {
		c.setPair(c.arg(0), c.w.iam.AddRootKey("", time.Now().AddDate(-1, 0, 0)))
	},
	"session": func(c iamCall) {
		s := c.w.iam.AddSession(c.arg(0), time.Now().Add(time.Hour))
		c.setPair(c.arg(1), s.Key)
		setSecret(c.ts, c.arg(1)+"_TOKEN", s.Token)
	},
	"status": func(c iamCall) { c.w.iam.SetKeyStatus(c.arg(0), c.arg(1)) },
	"used": func(c iamCall) {
		c.w.iam.SetLastUsed(c.arg(0), time.Now().Add(-time.Duration(c.number(1))*time.Hour), "s3", "eu-west-1")
	},
	"attach": func(c iamCall) { c.w.iam.SetPolicies(c.arg(0), c.args[1:], nil) },
	"group": func(c iamCall) {
		c.w.iam.AddGroup(c.arg(1))
		c.w.iam.AddMember(c.arg(1), c.arg(0))
		c.w.iam.SetGroupPolicies(c.arg(1), c.args[2:], nil)
	},
	"console": func(c iamCall) { c.w.iam.SetLoginProfile(c.arg(0), time.Now(), time.Time{}) },
	"deny":    func(c iamCall) { c.w.iam.Deny(c.arg(0), c.args[1:]...) },
	"allow":   func(c iamCall) { c.w.iam.Allow(c.arg(0), c.args[1:]...) },
	"mfa": func(c iamCall) {
		c.ts.Setenv(c.arg(2), c.w.iam.AddMFA(c.arg(0), "phone", c.arg(1)))
		c.w.iam.RequireMFA(c.arg(0), true)
	},
	"spread": func(c iamCall) {
		d := time.Duration(c.number(0)) * time.Millisecond
		c.w.iam.SetPropagation(d, d)
	},
	"trail": func(c iamCall) { c.w.iam.SetTrailDelay(time.Duration(c.number(0)) * time.Minute) },
	"event": func(c iamCall) {
		service, call, _ := strings.Cut(c.arg(3), ":")
		c.w.iam.AddEvents(awstest.TrailEvent{KeyID: c.arg(0), User: c.arg(1), Region: c.arg(2), Source: service + ".amazonaws.com", Name: call,
			Address: c.arg(4), Agent: c.arg(5), Error: c.arg(6, ""), At: c.w.now().Add(-time.Hour)})
	},
	"text":     func(c iamCall) { c.w.iam.SetPolicyText(c.arg(0), c.ts.ReadFile(c.arg(1))) },
	"boundary": func(c iamCall) { c.w.iam.SetBoundary(c.arg(0), c.arg(1)) },
	"powers":   func(c iamCall) { c.w.iam.SetPowers(c.arg(0), c.args[1:], nil) },
	"services": func(c iamCall) {
		all := map[string]time.Time{}
		for i := range c.number(1) {
			name := fmt.Sprint("service", i)
			if all[name] = (time.Time{}); i < c.number(2) {
				all[name] = c.w.now().AddDate(0, 0, -1)
			}
		}
		c.w.iam.SetServiceUse(c.arg(0), all)
	},
	"contact": func(c iamCall) { c.w.iam.SetSecurityContact("", true) },
	"ahead":   func(c iamCall) { c.w.ahead.Add(int64(time.Duration(c.number(0)) * time.Minute)) },
	"rival": func(c iamCall) {
		c.w.faults.add(fault{at: c.arg(0), once: true, is: awstest.Fault{Kind: awstest.FaultDropBefore,
			Before: func() { c.w.iam.AddKey(c.arg(1), c.w.now()) }}})
	},
	"inactive": func(c iamCall) {
		for _, k := range c.w.iam.Keys(c.arg(0)) {
			if k.Status == awstest.Inactive {
				c.ts.Setenv(c.arg(1)+"_ID", k.ID)
			}
		}
	},
	"refuse-new": func(c iamCall) {
		c.w.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
	},
	"fail": func(c iamCall) {
		kind, ok := faultKinds[c.arg(1)]
		if !ok {
			c.ts.Fatalf("iam fail: no such kind %q", c.arg(1))
		}
		c.w.faults.add(fault{at: c.arg(0), once: c.arg(2, "") == "once", is: awstest.Fault{Kind: kind}})
	},
	"on": func(c iamCall) {
		act := c.hook(c.arg(2), c.ts.MkAbs(c.arg(3)), c.arg(4, ""))
		f := fault{at: c.arg(0), once: true}
		switch c.arg(1) {
		case "before":
			f.is.Before = act
		case "after":
			f.is.After = act
		default:
			c.ts.Fatalf("iam on: %q is neither before nor after", c.arg(1))
		}
		c.w.faults.add(f)
	},
	"reset": func(c iamCall) {
		c.w.iam.ResetCalls()
		c.w.faults.clear()
	},
	"calls": func(c iamCall) {
		out := c.ts.Stdout() // also where there is nothing to print
		for _, action := range c.w.iam.Actions() {
			fmt.Fprintln(out, action)
		}
	},
	"keys": func(c iamCall) {
		out := c.ts.Stdout()
		for _, k := range c.w.iam.Keys(c.arg(0)) {
			fmt.Fprintln(out, k.ID, k.Status)
		}
	},
	"works": func(c iamCall) {
		id, secret, err := pairIn(c.ts.MkAbs(c.arg(0)), c.arg(1))
		c.ts.Check(err)
		arn, ok := c.w.iam.Valid(id, secret)
		if want := c.arg(2, ""); ok && want != "" && !strings.HasSuffix(arn, "/"+want) {
			c.ts.Fatalf("key %s belongs to %s", id, arn)
		}
		if ok == c.neg {
			c.ts.Fatalf("key %s of profile %s: accepted %v", id, c.arg(1), ok)
		}
	},
}

// hook changes a file while keycare waits for the reply of its call.
func (c iamCall) hook(act, file, text string) func() {
	if text != "" {
		text = c.ts.ReadFile(text)
	}
	return func() {
		var err error
		switch act {
		case "rm":
			err = os.Remove(file)
		case "append":
			var old []byte
			old, err = os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(file, append(old, text...), 0o600)
			}
		case "replace":
			err = os.WriteFile(file, []byte(text), 0o600)
		default:
			err = fmt.Errorf("no such act")
		}
		if err != nil {
			c.w.t.Errorf("iam on: %s %s: %v", act, file, err)
		}
	}
}

var faultKinds = map[string]awstest.FaultKind{
	"drop-before": awstest.FaultDropBefore,
	"drop-after":  awstest.FaultDropAfter,
	"reset":       awstest.FaultReset,
	"throttle":    awstest.FaultThrottle,
	"internal":    awstest.FaultInternal,
	"unavailable": awstest.FaultUnavailable,
	"garbage":     awstest.FaultGarbage,
	"proxy":       awstest.FaultProxy,
}

// faults decides about every call of one IAM.
type faults struct {
	mu  sync.Mutex
	all []*fault
}

type fault struct {
	at   string // a number or an action
	once bool
	is   awstest.Fault
}

func (f *faults) add(one fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, &one)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = nil
}

func (f *faults) decide(c awstest.Call) awstest.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.all, func(one *fault) bool {
		return one.at == c.Action || one.at == strconv.Itoa(c.N)
	})
	if i < 0 {
		return awstest.Fault{}
	}
	is := f.all[i].is
	if f.all[i].once {
		f.all = slices.Delete(f.all, i, i+1)
	}
	return is
}
