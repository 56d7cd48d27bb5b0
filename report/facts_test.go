package report

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/facts"
	"keycare/credfile/home"
)

func changed(change func(*facts.Online)) facts.Online {
	o := fresh()
	change(&o)
	return o
}

func aged(days int) facts.Online {
	return changed(func(o *facts.Online) {
		o.Created.Value = now.Add(-time.Duration(days)*day - time.Hour)
	})
}

const adminPolicy = "arn:aws:iam::aws:policy/AdministratorAccess"

// person changes what IAM says about the user of keyA.
func person(change func(*facts.UserFacts)) func(*Input) {
	return online(changed(func(o *facts.Online) { change(o.User) }))
}

// acct changes what IAM says about the account of keyA.
func acct(change func(*facts.AccountFacts)) func(*Input) {
	return online(changed(func(o *facts.Online) { change(o.Account) }))
}

func used(days int) func(*Input) {
	return online(changed(func(o *facts.Online) {
		o.Created.Value = now.Add(-80 * day)
		o.LastUsed.Value = facts.Use{At: now.Add(-time.Duration(days)*day - time.Hour), Service: "s3", Region: "eu-west-1"}
	}))
}

// other gives the user of keyA the key keyB too.
func other(active bool, days int) func(*Input) {
	return online(changed(func(o *facts.Online) {
		o.Others.Value = []facts.OtherKey{{ID: keyB, Active: active, Created: now.Add(-time.Duration(days)*day - time.Hour),
			LastUsed: facts.Answered(facts.Use{At: now.Add(-day), Service: "s3"})}}
	}))
}

func exception(e Exception) func(*Input) {
	return func(in *Input) { in.Policy.Exceptions = []Exception{e} }
}

func mode(file int, m fs.FileMode) func(*Input) {
	return func(in *Input) { in.AWSFiles.Files[file].Mode = m }
}

func dirMode(m fs.FileMode) func(*Input) {
	return func(in *Input) { in.AWSFiles.Dirs[0].Mode = m }
}

func rotation(r facts.Rotation) func(*Input) {
	return func(in *Input) { in.Rotations = []facts.Rotation{r} }
}

func replaced(r facts.Replacement) func(*Input) {
	return func(in *Input) { in.Replaced = []facts.Replacement{r} }
}

// keyFile is a file with keys of which the audit looks for the name.
func keyFile(path string, place copies.Place, ids ...string) home.KeyFile {
	f := home.KeyFile{KeyFile: copies.KeyFile{Named: copies.Named{Path: path, Place: place}}}
	for _, id := range ids {
		f.Copies = append(f.Copies, copies.Copy{KeyID: id, Tier: copies.OwnAccount, Key: -1, Path: path})
	}
	return f
}

func keyFiles(path string, place copies.Place) func(*Input) {
	return func(in *Input) {
		in.Set = credfile.NewSet(testPaths, section("a", keyA, secretA), "")
		in.KeyFiles = []home.KeyFile{keyFile(path, place, keyA)}
	}
}

// copyRights gives the first copy a mode, of which others can use what reach says.
func copyRights(m, reach fs.FileMode) func(*Input) {
	return func(in *Input) {
		s := &in.KeyFiles[0]
		s.Fact, s.Reach = home.FileFact{Path: s.Path, Exists: true, Mode: m, ModeKnown: true}, reach
	}
}

// password is one that was set and used so many days ago; used below zero is
// never.
func password(set, used int) func(*facts.UserFacts) {
	ago := func(days int) time.Time { return now.Add(-time.Duration(days)*day - time.Hour) }
	return func(u *facts.UserFacts) {
		u.Password.Value = facts.Password{Exists: true, Set: ago(set), Used: facts.Answered(time.Time{})}
		if used >= 0 {
			u.Password.Value.Used.Value = ago(used)
		}
	}
}

// service is a credential for CodeCommit that ends so long from now; 0 is never.
func service(ends time.Duration) func(*facts.UserFacts) {
	return serviceOf("codecommit.amazonaws.com", ends)
}

func serviceOf(name string, ends time.Duration) func(*facts.UserFacts) {
	c := facts.ServiceCredential{ID: "ACCAX", Service: name, Created: now.Add(-20 * day)}
	if ends != 0 {
		c.Expires = now.Add(ends)
	}
	return func(u *facts.UserFacts) { u.Services.Value = []facts.ServiceCredential{c} }
}

func inline(name string, g facts.Grants) []facts.InlinePolicy {
	return []facts.InlinePolicy{{Name: name, Grants: facts.Answered(g)}}
}

// activity is what CloudTrail says of keyA: 12 calls from one address.
func activity(change func(*facts.Activity)) func(*Input) {
	act := facts.Activity{Since: now.AddDate(0, 0, -90), Until: now, Events: 12, First: now.AddDate(0, 0, -80), Last: now.Add(-2 * time.Hour),
		Addresses: []facts.Seen{{Name: "203.0.113.7", Count: 10, Last: now.Add(-2 * time.Hour)}},
		Agents:    []facts.Seen{{Name: "AWS CLI", Count: 12}}, Regions: []facts.Seen{{Name: "eu-west-1", Count: 12}},
		Services: []facts.Seen{{Name: "s3", Count: 12}}, Calls: []facts.Seen{{Name: "s3:ListBuckets", Count: 12}}}
	change(&act)
	return online(changed(func(o *facts.Online) { o.Activity = facts.Answered(act) }))
}

// refused are n different calls of a service that AWS refused.
func refused(service string, n int) (all []facts.Seen) {
	for i := range n {
		all = append(all, facts.Seen{Name: fmt.Sprintf("%s:Call%d", service, i), Count: 2, Failed: 2})
	}
	return all
}

// can says that a user may do these actions, each of IAM's a way to more rights.
func can(actions ...string) func(*facts.UserFacts) {
	p := facts.Powers{Allowed: actions}
	for _, a := range actions {
		if strings.HasPrefix(a, "iam:") || strings.HasPrefix(a, "sts:") {
			p.Escalations = append(p.Escalations, facts.Escalation{Name: a, Actions: []string{a}})
		}
	}
	return func(u *facts.UserFacts) { u.Powers = facts.Answered(p) }
}

// services says that so many are granted, some of them used, of these some long ago.
func services(granted, used, longAgo int) func(*facts.UserFacts) {
	a := facts.Access{Granted: granted}
	for i := range granted {
		name := fmt.Sprint("service", i)
		switch {
		case i < longAgo:
			a.Used = append(a.Used, facts.ServiceUse{Service: name, At: now.AddDate(0, 0, -91)})
		case i < used:
			a.Used = append(a.Used, facts.ServiceUse{Service: name, At: now.AddDate(0, 0, -1)})
		default:
			a.Unused = append(a.Unused, name)
		}
	}
	return func(u *facts.UserFacts) { u.Access = facts.Answered(a) }
}

func otherFiles(b home.OtherFiles) func(*Input) { return func(in *Input) { in.OtherFiles = b } }

var linkOutside = home.OtherFiles{Outside: []home.FileFact{{Path: testPaths.Credentials, Exists: true, Target: "/mnt/c/credentials"}}}
