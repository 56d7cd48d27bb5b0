package report

import (
	"fmt"
	"slices"
	"strings"

	"keycare/credfile/facts"
	"keycare/credfile/show"
)

var (
	ruleKeyCanEscalate = &Rule{
		ID: "key-can-escalate", About: AboutUser, Deep: true, Severity: High, Because: "as in Prowler; medium where it takes a role, a function or a machine that has more rights, which keycare does not look for",
		Title:   "User who can become an administrator",
		Why:     "with these permissions a thief can give the key all others: it is as dangerous as an administrator's, and does not look like one",
		Sources: []string{"Prowler iam_policy_allows_privilege_escalation", "Prowler iam_inline_policy_allows_privilege_escalation", srcSimulate},
		Repair:  Repair{Text: "allow these actions only on the users, roles and policies that need them, or set a permissions boundary"},
	}
	ruleUnusedServices = &Rule{
		ID: "unused-services", About: AboutUser, Deep: true, Severity: Low, Because: "nothing is wrong until the key is stolen",
		Title:   "User with permissions for services it does not use",
		Why:     "a thief gets all of them; unused permissions can be removed without breaking anything",
		Sources: []string{"AWS IAM User Guide, last accessed information", "Prowler iam_user_access_not_stale_to_bedrock; here of all services"},
	}
	ruleKeyCanDo = &Rule{
		ID: "key-can-do", About: AboutUser, Deep: true, Severity: Info, Because: "it may be what the key is for",
		Title:   "What a thief of the key could do",
		Why:     "from anywhere, without a second factor, as the policies are now",
		Sources: []string{srcSimulate},
		Repair:  Repair{Text: "remove what is not needed, and require MFA for the rest"},
	}
)

const srcSimulate = "AWS IAM API Reference, SimulatePrincipalPolicy"

// deepRules are the rules that only a deep audit looks for.
var deepRules = append([]*Rule{ruleKeyCanEscalate, ruleUnusedServices, ruleKeyCanDo, ruleNoSecurityContact}, usageRules...)

// powers judges what the user may do. Of an administrator all is said already.
func (p *userJudge) powers(admin bool) {
	if can := p.Powers.Value; p.Powers.Known() && !admin {
		p.escalations(can.Escalations)
		does := strings.Join(deedsOf(can.Allowed), "; ")
		if maybe := deedsOf(can.Conditional); len(maybe) > 0 {
			does = strings.TrimPrefix(does+"; perhaps also, by a condition of a policy: ", "; ") + strings.Join(maybe, "; ")
		}
		if does != "" {
			p.add(ruleKeyCanDo, "", Repair{}, "lets a thief of the key "+does)
		}
	}
	p.unusedServices()
}

// mostWays is how many ways to more rights a sentence names.
const mostWays = 5

func (p *userJudge) escalations(ways []facts.Escalation) {
	if len(ways) == 0 {
		return
	}
	f := p.f
	names := make([]string, len(ways))
	alone := false // it needs nothing that is not known to be there
	for i, w := range ways {
		names[i] = show.Plain(w.Name)
		alone = alone || !slices.ContainsFunc(w.Actions, needsMore)
	}
	if !alone {
		p.f.Severity = Medium
	}
	more := ""
	if len(names) > mostWays {
		names, more = names[:mostWays-1], fmt.Sprintf(" and %d more", len(names)-mostWays+1)
	}
	p.add(ruleKeyCanEscalate, "", Repair{}, fmt.Sprintf("can get more rights in %s: %s%s", show.Count(len(ways), "way"), strings.Join(names, ", "), more))
	p.f = f
}

// needsMore reports whether an action leads to more rights only where there is a role,
// or something that runs with one, that has them.
func needsMore(action string) bool {
	return !strings.HasPrefix(action, "iam:") || action == "iam:PassRole"
}

// The user is said to have permissions for services it does not use where it has more
// than a few, and uses less than half of them.
const fewServices = 5

func (p *userJudge) unusedServices() {
	access := p.Access.Value
	limit := p.in.Policy.maxAge()
	unused := access.UnusedSince(p.in.Now.Add(-limit))
	if !p.Access.Known() || len(unused) <= fewServices || 2*len(unused) <= access.Granted {
		return
	}
	repair := p.unusedDetails()
	p.add(ruleUnusedServices, "", repair, fmt.Sprintf("has used %d of the %s that it has permissions for in the last %s days", access.Granted-len(unused), show.Count(access.Granted, "service"), days(limit, limit)))
}

// unusedDetails are the commands that list the services.
func (p *userJudge) unusedDetails() Repair {
	get := iam("", &p.f, p.goos, "get-service-last-accessed-details", "--job-id", "JOB")
	repair := iam("remove what it does not use", &p.f, p.goos, "generate-service-last-accessed-details", "--arn", p.arn)
	if get.Command != "" && repair.Command != "" {
		repair.Text += "; to list it, start a job with the command below, and read it with " + get.Command
	}
	return repair
}

// deeds say what calls let somebody do. The first that has one of the actions speaks
// for all of its own.
var deeds = []struct {
	says    string
	actions []string
}{
	{"make users, keys and passwords that stay when this key is gone", []string{"iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"}},
	{"give itself other permissions", []string{"iam:AttachUserPolicy", "iam:PutUserPolicy", "iam:AddUserToGroup", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:AttachGroupPolicy", "iam:PutGroupPolicy", "iam:DeleteUserPermissionsBoundary"}},
	{"change roles and who may assume them", []string{"iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePolicy"}},
	{"assume any role that lets it", []string{"sts:AssumeRole"}},
	{"take MFA devices from users", []string{"iam:DeactivateMFADevice"}},
	{"switch off the records of what it does", []string{"cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "guardduty:DeleteDetector"}},
	{"read secrets", []string{"secretsmanager:GetSecretValue", "ssm:GetParameter", "kms:Decrypt"}},
	{"read files in S3", []string{"s3:GetObject", "s3:ListAllMyBuckets"}},
	{"change and delete files in S3", []string{"s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy"}},
	{"read databases", []string{"dynamodb:Scan", "rds:ModifyDBSnapshotAttribute"}},
	{"copy disks out of the account", []string{"ec2:ModifySnapshotAttribute"}},
	{"make encrypted data unreadable", []string{"kms:ScheduleKeyDeletion"}},
	{"read container images", []string{"ecr:GetAuthorizationToken"}},
	{"start machines at your expense", []string{"ec2:RunInstances", "ec2:RequestSpotInstances", "autoscaling:CreateAutoScalingGroup", "autoscaling:CreateLaunchConfiguration"}},
	{"stop and delete machines", []string{"ec2:TerminateInstances", "ec2:StopInstances", "ec2:StartInstances", "ec2:ModifyInstanceAttribute"}},
	{"run commands on machines and containers", []string{"ssm:SendCommand", "ssm:StartSession", "ec2-instance-connect:SendSSHPublicKey", "ecs:ExecuteCommand"}},
	{"run code of its own", []string{"lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:InvokeFunction", "lambda:AddPermission", "lambda:CreateEventSourceMapping",
		"glue:CreateDevEndpoint", "glue:UpdateDevEndpoint", "glue:CreateJob", "glue:UpdateJob", "glue:StartJobRun", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline",
		"codebuild:CreateProject", "codebuild:StartBuild", "ecs:RegisterTaskDefinition", "ecs:RunTask", "ecs:CreateService", "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl",
		"sagemaker:CreateTrainingJob", "apprunner:CreateService", "apprunner:UpdateService"}},
	{"change stacks", []string{"cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:UpdateStackSet", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"}},
	{"run AI models at your expense", []string{"bedrock:InvokeModel"}},
	{"send mail in your name", []string{"ses:SendEmail"}},
	{"look around in the organisation", []string{"organizations:ListAccounts"}},
	{"take the account out of the organisation", []string{"organizations:LeaveOrganization"}},
	{"hand roles to services", []string{"iam:PassRole"}},
	{"", []string{"ec2:DescribeInstances", "ecs:DescribeTasks"}}, // nothing by themselves
}

// deedsOf says in plain words what somebody could do who may do these actions. Those
// without words of their own are named, at the end.
func deedsOf(actions []string) (all []string) {
	left := slices.Clone(actions)
	for _, d := range deeds {
		n := len(left)
		if left = slices.DeleteFunc(left, func(a string) bool { return slices.Contains(d.actions, a) }); len(left) < n && d.says != "" {
			all = append(all, d.says)
		}
	}
	for i := range left {
		left[i] = show.Plain(left[i])
	}
	if len(left) > 0 {
		all = append(all, "call "+strings.Join(left, ", "))
	}
	return all
}
