package report

import (
	"io/fs"
	"time"

	"keycare/credfile"
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

func siblings(path string, kind home.SiblingKind) func(*Input) {
	return func(in *Input) {
		in.Set = credfile.NewSet(testPaths, section("a", keyA, secretA), "")
		in.AWSFiles.Siblings = []home.Sibling{{Path: path, Kind: kind, KeyIDs: []string{keyA}}}
	}
}

// copyRights gives the first copy a mode, of which others can use what reach says.
func copyRights(m, reach fs.FileMode) func(*Input) {
	return func(in *Input) {
		s := &in.AWSFiles.Siblings[0]
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

func otherFiles(b home.OtherFiles) func(*Input) { return func(in *Input) { in.OtherFiles = b } }

var linkOutside = home.OtherFiles{Outside: []home.FileFact{{Path: testPaths.Credentials, Exists: true, Target: "/mnt/c/credentials"}}}
