package rotate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// RootOptions names the IAM user that takes the root user's place.
type RootOptions struct {
	User, Group string
	// DeleteKey is the ID of the root key as a person typed it: it agrees to the
	// deletion. Where it is empty ConfirmRoot asks.
	DeleteKey string
}

// ReplaceRoot puts the key of an IAM administrator wherever the root key of
// profile stands, proves it, and deletes the root key once a person has typed
// its ID. Group, policy, user and membership are made where they are missing;
// nothing of that is taken back if the rotation is undone. It never makes a
// root key.
func (rot *Rotator) ReplaceRoot(ctx context.Context, profile string, ro RootOptions) (Result, error) {
	rot = New(rot.Options) // it alone has a typed key
	rot.typedKey = ro.DeleteKey
	t, err := rot.examine(profile)
	if err != nil {
		return Result{}, err
	}
	begin := rootTask(profile, t)
	if err := rot.State.Init(); err != nil {
		return Result{}, err
	}
	unlock, err := rot.lock(ctx, rot.sharedLocks(rot.Paths))
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	if err := rot.sweepProbes(); err != nil {
		return Result{}, err
	}
	first := &keyTask{profile: profile}
	if rot.finishFirst(ctx, []*keyTask{first}); first.err != nil || first.result.Outcome != "" {
		return first.result, first.err
	}
	rot.Progress.Next("asking AWS", "", 0)
	p, err := rot.planRoot(ctx, profile, ro)
	rot.Progress.Next("", "", 0)
	if err != nil {
		return Result{}, begin.notBegun(interruption(ctx, err))
	}
	if err := rot.probe(ctx, p.target, map[string]error{}); err != nil {
		return Result{}, begin.notBegun(err)
	}
	if !rot.Yes {
		ok, err := rot.confirm(p.question())
		if err == nil && !ok {
			err = refuse(declined)
		}
		if err != nil {
			return Result{}, begin.notBegun(err)
		}
	}
	return rot.carryOutRoot(ctx, p)
}

// rootTask is a key that replace-root is asked about.
func rootTask(profile string, t *keyTarget) *keyTask {
	return &keyTask{profile: profile, id: t.pair.ID, again: "keycare replace-root --profile " + word(profile)}
}

// rootPlan is what has to be made for a root key to be replaced.
type rootPlan struct {
	target   *keyTarget
	aws      *client.AWS
	journal  *state.Journal
	name     string
	user     *facts.Identity // of an IAM user that exists; nil where it is made
	group    bool            // exists
	attached bool            // the policy, to the group
	member   bool
	keys     []client.Key
	made     []string // in this run, in words
}

func (p *rootPlan) question() string {
	user := "Create the IAM user " + p.name
	if p.user != nil {
		user = "Make the existing IAM user " + p.name + " an administrator"
		if p.member && p.attached {
			user = "Use the IAM user " + p.name + ", who is an administrator already"
		}
	}
	return fmt.Sprintf("%s (group %s, account %s), and replace the root key %s in %s with a key of that user? keycare asks again before it deletes the root key.",
		user, p.journal.Root.Group, p.journal.Root.Root.Account, p.journal.Old, show.Count(len(p.journal.Places), "place"))
}

// Steps are the things that will be made, for a dry run.
func (p *rootPlan) steps() []string {
	var steps []string
	add := func(missing bool, format string, args ...any) {
		if missing {
			steps = append(steps, fmt.Sprintf(format, args...))
		}
	}
	add(!p.group, "create the group %s", p.journal.Root.Group)
	add(!p.attached, "attach the policy %s to it", p.journal.Root.Policy)
	add(p.user == nil, "create the user %s", p.name)
	add(!p.member, "add the user %s to the group %s", p.name, p.journal.Root.Group)
	return append(steps,
		"create a key for the user "+p.name,
		"write it to "+show.Count(len(p.journal.Places), "place")+"; verify it, and that the user is an administrator",
		"ask for the ID of the root key "+p.journal.Old+", then delete that key")
}

// PlanRoot is ReplaceRoot without any effect.
func (rot *Rotator) PlanRoot(ctx context.Context, profile string, ro RootOptions) (Result, []string, error) {
	t, err := rot.examine(profile)
	if err != nil {
		return Result{}, nil, err
	}
	p, err := rot.planRoot(ctx, profile, ro)
	if err == nil {
		err = rot.check(p.target)
	}
	if err != nil {
		return Result{}, nil, rootTask(profile, t).notBegun(interruption(ctx, err))
	}
	res := resultOf(p.journal, Planned)
	res.Account = p.journal.Root.Root.Account
	res.Diff = p.target.plan.Diff("(the new key)")
	return res, p.steps(), nil
}

// planRoot looks at the files and at what there is in the account; it only reads.
func (rot *Rotator) planRoot(ctx context.Context, profile string, ro RootOptions) (*rootPlan, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	t, err := rot.examine(profile)
	if err != nil {
		return nil, err
	}
	if err := t.plan.CheckWithSDK(ctx); err != nil {
		return nil, err
	}
	a, err := rot.Connect(ctx, rot.Paths, profile)
	if err != nil {
		return nil, err
	}
	rot.warnPlain(t.set, profile)
	root, at, err := a.Identity(ctx, t.pair)
	if err != nil {
		return nil, t.explain(err)
	}
	if root.Owner() != facts.OwnerRoot {
		return nil, refuse("profile %s: key %s is not a root key (it belongs to %s). To rotate it: keycare rotate %s", show.Name(profile), t.pair.ID, root.ARN, arg(profile))
	}
	t.asked = rot.Now()
	p := &rootPlan{target: t, aws: a, name: ro.User, journal: &state.Journal{
		ID: state.NewID(), Profile: profile, Paths: rot.sharedPaths(), Old: t.pair.ID, Retire: state.Delete, UserName: ro.User, Started: at,
		Root: &state.RootSwap{Group: ro.Group, Policy: adminPolicy(root.Partition()), Root: root},
	}}
	for _, pl := range t.places {
		p.journal.Places = append(p.journal.Places, state.Section{Kind: pl.Kind, Profile: pl.Profile})
	}
	return p, p.lookAtAccount(ctx)
}

// lookAtAccount asks what there is of group, policy, user and membership.
func (p *rootPlan) lookAtAccount(ctx context.Context) error {
	c := p.aws.IAM(client.SignerOf(p.target.pair))
	group, err := c.GetGroup(ctx, &iam.GetGroupInput{GroupName: &p.journal.Root.Group})
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		p.group = true
	case client.ReplyNoSuch:
	default:
		return client.Explain(err)
	}
	if p.group {
		for _, u := range group.Users {
			p.member = p.member || aws.ToString(u.UserName) == p.name
		}
		attached, err := c.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: &p.journal.Root.Group})
		if err != nil {
			return client.Explain(err)
		}
		for _, pol := range attached.AttachedPolicies {
			p.attached = p.attached || aws.ToString(pol.PolicyArn) == p.journal.Root.Policy
		}
	}
	user, err := c.GetUser(ctx, &iam.GetUserInput{UserName: &p.name})
	switch client.ReplyOf(err) {
	case client.ReplyOK:
		p.user = &facts.Identity{ARN: aws.ToString(user.User.Arn), UserID: aws.ToString(user.User.UserId), Account: p.journal.Root.Root.Account}
		if p.keys, _, err = p.aws.List(ctx, client.SignerOf(p.target.pair), p.name); err != nil {
			return client.Explain(err)
		}
		if len(p.keys) >= 2 {
			return refuse("the IAM user %s already has two keys, the most that IAM allows. Pass another --user, or delete one of them", p.name)
		}
	case client.ReplyNoSuch:
	default:
		return client.Explain(err)
	}
	return nil
}

// adminPolicy is the ARN of AWS's AdministratorAccess in a partition.
func adminPolicy(partition string) string {
	return "arn:" + cmp.Or(partition, "aws") + ":iam::aws:policy/AdministratorAccess"
}

// carryOutRoot writes the intent, makes what is missing, and goes into the same
// loop as every rotation.
func (rot *Rotator) carryOutRoot(ctx context.Context, p *rootPlan) (Result, error) {
	if p.user != nil && !(p.member && p.attached) && rot.Yes {
		return Result{}, refuse("the IAM user %s already exists, and --yes does not make it an administrator. Run it in a terminal, or pass another --user", p.name)
	}
	if err := p.make(ctx); err != nil {
		return Result{}, err
	}
	j := p.journal
	j.User = *p.user
	for _, k := range p.keys {
		j.Before = append(j.Before, k.ID)
	}
	unlock, err := rot.lock(ctx, []string{rot.State.UserLock(j.User.Account, j.User.UserID)})
	if err != nil {
		return Result{}, p.stopped(interruption(ctx, err))
	}
	defer unlock()
	r, err := rot.begin(p.aws, j, p.target, nil)
	if err != nil {
		return Result{}, p.stopped(err)
	}
	out, err := r.loop(ctx)
	var half *HalfDone
	switch {
	case out == Undone && err == nil:
		err = r.undoneBecause()
	case errors.As(err, &half):
		rot.told(half, r.proofs)
	}
	if out == Undone || out == Failed {
		err = p.stopped(err)
	}
	return resultOf(j, out), err
}

// make makes group, policy, user and membership where they are missing. Each
// step may be made again: a run that was interrupted here has lost nothing, and
// the next one finds what there is. The error of a step says what was made
// before it.
func (p *rootPlan) make(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c := p.aws.IAM(client.SignerOf(p.target.pair))
	rs := p.journal.Root
	for _, step := range []struct {
		there bool
		what  string
		do    func() error
	}{
		{p.group, "the group " + rs.Group, func() error {
			_, err := c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &rs.Group})
			if client.AlreadyExists(err) {
				return nil
			}
			return err
		}},
		{p.attached, "its policy " + rs.Policy, func() error {
			_, err := c.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: &rs.Group, PolicyArn: &rs.Policy})
			return err
		}},
		{p.user != nil, "the user " + p.name, func() error {
			out, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: &p.name})
			if err == nil {
				p.user = &facts.Identity{ARN: aws.ToString(out.User.Arn), UserID: aws.ToString(out.User.UserId), Account: rs.Root.Account}
			}
			return err
		}},
		{p.member, "the user's membership in the group", func() error {
			_, err := c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: &rs.Group, UserName: &p.name})
			return err
		}},
	} {
		if step.there {
			continue
		}
		if err := step.do(); err != nil {
			return p.stopped(fmt.Errorf("cannot create %s: %w", step.what, client.Explain(err)))
		}
		p.made = append(p.made, step.what)
	}
	return nil
}

// stopped adds to an error what was made in the account before it, and what the
// next run does with it.
func (p *rootPlan) stopped(err error) error {
	if err == nil || len(p.made) == 0 {
		return err
	}
	return fmt.Errorf("profile %s still holds root key %s, and it works. Made in the account so far: %s\nto go on from there, run this in a terminal (or delete them in IAM): keycare replace-root\n%w",
		show.Name(p.target.profile), p.journal.Old, strings.Join(p.made, ", "), err)
}
