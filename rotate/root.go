package rotate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

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
func (o *Options) ReplaceRoot(ctx context.Context, profile string, ro RootOptions) (Result, error) {
	o.defaults()
	o.root = &ro
	if _, err := o.examine(profile); err != nil {
		return Result{}, err
	}
	if err := o.State.Init(); err != nil {
		return Result{}, err
	}
	unlock, err := o.lock(ctx, o.lockNames(o.Paths))
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	if err := o.sweepProbes(); err != nil {
		return Result{}, err
	}
	if res, err := o.finishFirst(ctx, profile); err != nil || res.Outcome != "" {
		return res, err
	}
	p, err := o.planRoot(ctx, profile)
	if err != nil {
		return Result{}, err
	}
	if err := o.probe(p.target); err != nil {
		return Result{}, err
	}
	if !o.Yes {
		ok, err := o.confirm(p.question())
		if err == nil && !ok {
			err = refuse("nothing was changed")
		}
		if err != nil {
			return Result{}, err
		}
	}
	return o.carryOutRoot(ctx, p)
}

// rootPlan is what has to be made for a root key to be replaced.
type rootPlan struct {
	target   *target
	aws      *client.AWS
	journal  *state.Journal
	name     string
	user     *facts.Identity // of an IAM user that exists; nil where it is made
	group    bool            // exists
	attached bool            // the policy, to the group
	member   bool
	keys     []client.Key
}

func (p *rootPlan) question() string {
	user := "Make the IAM user " + p.name
	if p.user != nil {
		user = "Make the existing IAM user " + p.name + " an administrator"
		if p.member && p.attached {
			user = "Use the IAM user " + p.name + ", who is an administrator already"
		}
	}
	return fmt.Sprintf("%s through the group %s in account %s, and put a key of that user in the place of the root key %s in %s? You are asked again before the root key is deleted.",
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
		"put it into "+show.Count(len(p.journal.Places), "place")+", verify it and that the user is an administrator",
		"ask for the ID of the root key "+p.journal.Old+", then delete that key")
}

// PlanRoot is ReplaceRoot without any effect.
func (o *Options) PlanRoot(ctx context.Context, profile string, ro RootOptions) (Result, []string, error) {
	plan := *o
	plan.defaults()
	plan.root = &ro
	plan.Yes = false
	plan.Confirm = func(string) (bool, error) { return true, nil }
	p, err := plan.planRoot(ctx, profile)
	if err != nil {
		return Result{}, nil, err
	}
	res := resultOf(p.journal, Planned)
	res.Account = p.journal.Root.Root.Account
	res.Diff = p.target.plan.Diff("(the new key)")
	return res, p.steps(), nil
}

// planRoot looks at the files and at what there is in the account; it only reads.
func (o *Options) planRoot(ctx context.Context, profile string) (*rootPlan, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	t, err := o.examine(profile)
	if err != nil {
		return nil, err
	}
	if err := t.plan.CheckWithSDK(ctx); err != nil {
		return nil, err
	}
	a, err := o.Connect(ctx, o.Paths, profile)
	if err != nil {
		return nil, err
	}
	root, at, err := a.Identity(ctx, t.pair)
	if err != nil {
		return nil, t.explain(err)
	}
	if root.Owner() != facts.OwnerRoot {
		return nil, refuse("profile %q: key %s is not a root key (it belongs to %s): use \"keycare rotate %s\"", profile, t.pair.ID, root.ARN, word(profile))
	}
	t.asked = o.Now()
	p := &rootPlan{target: t, aws: a, name: o.root.User, journal: &state.Journal{
		ID: state.NewID(), Profile: profile, Paths: o.Paths, Old: t.pair.ID, Retire: state.Delete, UserName: o.root.User, Started: at,
		Root: &state.RootSwap{Group: o.root.Group, Policy: adminPolicy(root.Partition()), Root: root},
	}}
	for _, pl := range t.places {
		p.journal.Places = append(p.journal.Places, state.Section{Kind: pl.Kind, Profile: pl.Profile})
	}
	return p, p.look(ctx)
}

// look asks what there is of group, policy, user and membership.
func (p *rootPlan) look(ctx context.Context) error {
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
			return refuse("the IAM user %s has two keys already, the most that IAM allows: choose another --user, or delete one of them", p.name)
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
func (o *Options) carryOutRoot(ctx context.Context, p *rootPlan) (Result, error) {
	if p.user != nil && !(p.member && p.attached) && o.Yes {
		return Result{}, refuse("the IAM user %s exists already: it is not made an administrator by --yes; run it in a terminal, or choose another --user", p.name)
	}
	user, err := p.make(ctx)
	if err != nil {
		return Result{}, err
	}
	j := p.journal
	j.User = user
	for _, k := range p.keys {
		j.Before = append(j.Before, k.ID)
	}
	unlock, err := o.lock(ctx, []string{o.State.UserLock(j.User.Account, j.User.UserID)})
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	r, err := o.begin(p.aws, j, p.target, nil)
	if err != nil {
		return Result{}, err
	}
	out, err := r.loop(ctx)
	if out == Undone && err == nil {
		err = r.undoneBecause()
	}
	return resultOf(j, out), err
}

// make makes group, policy, user and membership where they are missing. Each
// step may be made again: a run that was interrupted here has lost nothing, and
// the next one finds what there is.
func (p *rootPlan) make(ctx context.Context) (facts.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c := p.aws.IAM(client.SignerOf(p.target.pair))
	rs := p.journal.Root
	if !p.group {
		if _, err := c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &rs.Group}); err != nil && !client.AlreadyExists(err) {
			return facts.Identity{}, client.Explain(err)
		}
	}
	if !p.attached {
		if _, err := c.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: &rs.Group, PolicyArn: &rs.Policy}); err != nil {
			return facts.Identity{}, client.Explain(err)
		}
	}
	if p.user == nil {
		out, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: &p.name})
		if err != nil {
			return facts.Identity{}, fmt.Errorf("cannot create the user %s; run it again, it goes on from what there is: %w", p.name, client.Explain(err))
		}
		p.user = &facts.Identity{ARN: aws.ToString(out.User.Arn), UserID: aws.ToString(out.User.UserId), Account: rs.Root.Account}
	}
	if !p.member {
		if _, err := c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: &rs.Group, UserName: &p.name}); err != nil {
			return facts.Identity{}, client.Explain(err)
		}
	}
	return *p.user, nil
}

// retireRoot deletes the root key, signed by itself: only root can, and it has no
// user name. After a lost reply the key can no longer sign; an old key that
// neither service knows any more is gone.
func (r *run) retireRoot(ctx context.Context) {
	if r.old.Secret.Empty() {
		r.rootKeyGone(ctx)
		return
	}
	err := r.aws.Delete(ctx, client.SignerOf(r.old), "", r.j.Old)
	if client.ReplyOf(err) == client.ReplyUnknownKey {
		if atSTS, atIAM := r.prove(ctx, r.old); atSTS == NotYet && atIAM == NotYet {
			err = nil
		}
	}
	r.done(ctx, r.back, r.old, err)
}

// rootKeyGone asks whether the account has a root key, where the root key's secret
// is no longer kept: that is so after it was deleted.
func (r *run) rootKeyGone(ctx context.Context) {
	present, known, err := r.aws.RootHasKey(ctx, client.SignerOf(r.back))
	switch {
	case known && !present:
		r.w.Gone = Yes
	case known:
		r.w.Gone = No
		r.why = fmt.Errorf("the account has a root key, and the secret of %s is no longer kept: look in the console whether that key is gone and delete it there, then run \"keycare resume --keep-both\"", r.j.Old)
	default:
		r.w.Gone, r.why = Silent, err
	}
	r.w.Files = HoldUnread
}

// ErrRootNotConfirmed says that nobody typed the root key's ID.
var ErrRootNotConfirmed = errors.New("the ID of the root key was not typed")

// confirmRoot shows the root key's last use and wants its ID typed.
func (r *run) confirmRoot(ctx context.Context) error {
	if r.root != nil && r.root.DeleteKey == r.j.Old {
		return nil
	}
	if r.AskLine == nil {
		return ErrRootNotConfirmed
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	used := "its last use is not known"
	if use, err := r.aws.LastUsed(ctx, client.SignerOf(r.old), r.j.Old); err == nil {
		used = "never used before, as far as IAM recorded"
		if !use.At.IsZero() {
			used = fmt.Sprintf("last used %s for %s in %s (this run included)", use.At.UTC().Format(time.DateTime), use.Service, use.Region)
		}
	}
	r.asking.Lock()
	defer r.asking.Unlock()
	typed, err := r.AskLine(fmt.Sprintf("The root key %s is to be deleted (%s). Other machines that use it will stop. Type its ID to delete it: ", r.j.Old, used))
	if err != nil {
		return err
	}
	if typed != r.j.Old {
		return ErrRootNotConfirmed
	}
	return nil
}
