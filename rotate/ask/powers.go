package ask

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keycare/credfile/facts"
)

const (
	callsPerPolicy = 2
	callsPerJob    = 2
)

// managed asks how much a managed policy allows. What one user of the account was told
// is not asked again for the next.
func (r *round) managed(c *iam.Client, arn string, a *account) facts.Answer[facts.Grants] {
	p := a.policy(arn)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.grants.Known() {
		r.call(rankPower, func() { p.grants = r.policyText(c, arn) })
	}
	return p.grants
}

// policyText asks for the text of a managed policy that is in force.
func (r *round) policyText(c *iam.Client, arn string) facts.Answer[facts.Grants] {
	policy, err := c.GetPolicy(r.ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if err == nil && (policy.Policy == nil || aws.ToString(policy.Policy.DefaultVersionId) == "") {
		err = errors.New("AWS names no version of the policy")
	}
	if err != nil {
		return answerOf(facts.GrantsSome, err, "iam:GetPolicy")
	}
	version, err := c.GetPolicyVersion(r.ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: policy.Policy.DefaultVersionId})
	if err == nil && version.PolicyVersion == nil {
		err = errors.New("AWS gave no text of the policy")
	}
	if err != nil {
		return answerOf(facts.GrantsSome, err, "iam:GetPolicyVersion")
	}
	return grantsOf(aws.ToString(version.PolicyVersion.Document))
}

// grantsOf reads the text of a policy as IAM gives it.
func grantsOf(document string) (a facts.Answer[facts.Grants]) {
	grants, err := facts.GrantsOf(decoded(document))
	if err != nil {
		a.Fail("its text cannot be read: " + err.Error())
		return a
	}
	return facts.Answered(grants)
}

// boundary asks for the permissions boundary of the user of k, and how much it allows.
func (r *round) boundary(k *askedKey, user string, acct *account) (a facts.Answer[facts.Boundary]) {
	c := k.aws.IAM(k.by())
	r.call(rankPower, func() {
		out, err := c.GetUser(r.ctx, &iam.GetUserInput{UserName: aws.String(user)})
		if err == nil && out.User == nil {
			err = errors.New("AWS gave no user")
		}
		if a = answerOf(facts.Boundary{}, err, "iam:GetUser"); err == nil && out.User.PermissionsBoundary != nil {
			a.Value.ARN = aws.ToString(out.User.PermissionsBoundary.PermissionsBoundaryArn)
		}
	})
	switch {
	case !a.Known() || a.Value.ARN == "":
	case !r.take(callsPerPolicy):
		a.Value.Grants.Lose(tooMany)
	default:
		a.Value.Grants = r.managed(c, a.Value.ARN, acct)
	}
	return a
}

// powers asks IAM to simulate what the user of k may do.
func (r *round) powers(k *askedKey) facts.Answer[facts.Powers] {
	c := k.aws.IAM(k.by())
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(k.facts.Identity.Value.ARN),
		ActionNames: facts.PowersAsked(), MaxItems: aws.Int32(1000)}
	var results []types.EvaluationResult
	var err error
	r.call(rankPower, func() {
		results, err = pages(func(marker *string) ([]types.EvaluationResult, *string, error) {
			in.Marker = marker
			out, err := c.SimulatePrincipalPolicy(r.ctx, in)
			if err != nil {
				return nil, nil, err
			}
			return out.EvaluationResults, out.Marker, nil
		})
	})
	if err != nil {
		return answerOf(facts.Powers{}, err, "iam:SimulatePrincipalPolicy")
	}
	return powersOf(results)
}

// powersOf reads a simulation. One that leaves out an action tells nothing.
func powersOf(results []types.EvaluationResult) (a facts.Answer[facts.Powers]) {
	var allowed, conditional []string
	told := map[string]bool{}
	for _, one := range results {
		name := aws.ToString(one.EvalActionName)
		told[name] = true
		switch {
		case one.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed:
			allowed = append(allowed, name)
		case len(one.MissingContextValues) > 0:
			conditional = append(conditional, name)
		}
	}
	for _, name := range facts.PowersAsked() {
		if !told[name] {
			a.Lose("AWS did not simulate " + name)
			return a
		}
	}
	return facts.Answered(facts.PowersOf(allowed, conditional))
}

// mostLooks bounds how often AWS is asked whether a job is done: by the pauses between
// them, which double up to the longest, that is a quarter of a minute.
const mostLooks = 10

const (
	firstPause = 250 * time.Millisecond
	mostPause  = 2 * time.Second
)

// pause waits, or returns where ctx ends. A test puts another one in its place.
var pause = func(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Why a job told nothing.
const (
	jobNotDone = "AWS has not finished looking it up"
	jobFailed  = "AWS could not look it up"
)

var errJobFailed = errors.New(jobFailed)

// access has AWS look up which services the user of k has used, and waits for that.
func (r *round) access(k *askedKey) (a facts.Answer[facts.Access]) {
	c := k.aws.IAM(k.by())
	var job *iam.GenerateServiceLastAccessedDetailsOutput
	var err error
	r.call(rankUse, func() {
		job, err = c.GenerateServiceLastAccessedDetails(r.ctx, &iam.GenerateServiceLastAccessedDetailsInput{
			Arn: aws.String(k.facts.Identity.Value.ARN), Granularity: types.AccessAdvisorUsageGranularityTypeServiceLevel})
	})
	if err != nil {
		return answerOf(facts.Access{}, err, "iam:GenerateServiceLastAccessedDetails")
	}
	wait := firstPause
	for range mostLooks {
		var found []types.ServiceLastAccessed
		var done bool
		r.call(rankUse, func() { found, done, err = r.accessOf(c, job.JobId) })
		switch {
		case errors.Is(err, errJobFailed):
			a.Lose(err.Error())
			return a
		case done || err != nil:
			return answerOf(accessOf(found), err, "iam:GetServiceLastAccessedDetails")
		}
		pause(r.ctx, wait)
		wait = min(2*wait, mostPause)
	}
	a.Lose(jobNotDone)
	return a
}

// accessOf asks whether the job is done, and what came out of it.
func (r *round) accessOf(c *iam.Client, job *string) (found []types.ServiceLastAccessed, done bool, err error) {
	found, err = pages(func(marker *string) ([]types.ServiceLastAccessed, *string, error) {
		out, err := c.GetServiceLastAccessedDetails(r.ctx, &iam.GetServiceLastAccessedDetailsInput{JobId: job, Marker: marker, MaxItems: aws.Int32(1000)})
		switch {
		case err != nil:
			return nil, nil, err
		case out.JobStatus == types.JobStatusTypeInProgress:
			return nil, nil, nil
		case out.JobStatus != types.JobStatusTypeCompleted:
			return nil, nil, errJobFailed
		}
		done = true
		return out.ServicesLastAccessed, out.Marker, nil
	})
	return found, done, err
}

func accessOf(found []types.ServiceLastAccessed) facts.Access {
	a := facts.Access{Granted: len(found)}
	for _, s := range found {
		name := aws.ToString(s.ServiceNamespace)
		if s.LastAuthenticated == nil {
			a.Unused = append(a.Unused, name)
			continue
		}
		a.Used = append(a.Used, facts.ServiceUse{Service: name, At: *s.LastAuthenticated, Region: aws.ToString(s.LastAuthenticatedRegion)})
	}
	return a
}
