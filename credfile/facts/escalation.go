package facts

import (
	"slices"
	"strings"
)

// thiefActions are what a thief wants to do with a key, beside rising: read and take,
// hide, destroy, and use machines at the owner's cost.
var thiefActions = strings.Fields(`
	sts:AssumeRole
	s3:ListAllMyBuckets s3:GetObject s3:PutObject s3:DeleteObject s3:PutBucketPolicy
	secretsmanager:GetSecretValue ssm:GetParameter kms:Decrypt kms:ScheduleKeyDeletion dynamodb:Scan rds:ModifyDBSnapshotAttribute ec2:ModifySnapshotAttribute
	ecr:GetAuthorizationToken
	iam:CreateUser iam:DeactivateMFADevice iam:DeleteUserPermissionsBoundary
	cloudtrail:StopLogging cloudtrail:DeleteTrail guardduty:DeleteDetector
	organizations:ListAccounts organizations:LeaveOrganization
	ec2:RunInstances ec2:TerminateInstances lambda:InvokeFunction bedrock:InvokeModel ses:SendEmail`)

// escalations are the known ways to more rights, by the names that Prowler gives them.
// Many want something that is there already: a function, a machine or a stack with a
// strong role. Sources: Rhino Security Labs, "AWS IAM privilege escalation"; Bishop Fox,
// "Privilege escalation in AWS"; DataDog, pathfinding.cloud; Prowler,
// iam_policy_allows_privilege_escalation.
var escalations = []Escalation{
	way("CreatePolicyVersion", "iam:CreatePolicyVersion"),
	way("SetDefaultPolicyVersion", "iam:SetDefaultPolicyVersion"),
	way("CreateAccessKey", "iam:CreateAccessKey"),
	way("CreateLoginProfile", "iam:CreateLoginProfile"),
	way("UpdateLoginProfile", "iam:UpdateLoginProfile"),
	way("AttachUserPolicy", "iam:AttachUserPolicy"),
	way("AttachGroupPolicy", "iam:AttachGroupPolicy"),
	way("PutUserPolicy", "iam:PutUserPolicy"),
	way("PutGroupPolicy", "iam:PutGroupPolicy"),
	way("AddUserToGroup", "iam:AddUserToGroup"),
	way("UpdateAssumeRolePolicy", "iam:UpdateAssumeRolePolicy"),
	way("AssumeRole+AttachRolePolicy", "sts:AssumeRole", "iam:AttachRolePolicy"),
	way("AssumeRole+PutRolePolicy", "sts:AssumeRole", "iam:PutRolePolicy"),

	way("PassRole+EC2", "iam:PassRole", "ec2:RunInstances"),
	way("PassRole+EC2SpotInstances", "iam:PassRole", "ec2:RequestSpotInstances"),
	way("PassRole+CreateLambda+Invoke", "iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
	way("PassRole+CreateLambda+ExistingDynamo", "iam:PassRole", "lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
	way("PassRole+CreateLambda+AddPermission", "iam:PassRole", "lambda:CreateFunction", "lambda:AddPermission"),
	way("PassRole+CloudFormationCreateStack", "iam:PassRole", "cloudformation:CreateStack"),
	way("PassRole+CloudFormationUpdateStackSet", "iam:PassRole", "cloudformation:UpdateStackSet"),
	way("PassRole+GlueCreateDevEndpoint", "iam:PassRole", "glue:CreateDevEndpoint"),
	way("PassRole+GlueCreateJob+StartJobRun", "iam:PassRole", "glue:CreateJob", "glue:StartJobRun"),
	way("PassRole+GlueUpdateJob+StartJobRun", "iam:PassRole", "glue:UpdateJob", "glue:StartJobRun"),
	way("PassRole+DataPipeline", "iam:PassRole", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"),
	way("PassRole+CodeBuildCreateProject+StartBuild", "iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"),
	way("PassRole+CreateAutoScaling", "iam:PassRole", "autoscaling:CreateAutoScalingGroup", "autoscaling:CreateLaunchConfiguration"),
	way("PassRole+ECS+RegisterTaskDef+RunTask", "iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
	way("PassRole+ECS+RegisterTaskDef+CreateService", "iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
	way("PassRole+SageMakerCreateNotebookInstance", "iam:PassRole", "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
	way("PassRole+SageMakerCreateTrainingJob", "iam:PassRole", "sagemaker:CreateTrainingJob"),
	way("PassRole+AppRunnerCreateService", "iam:PassRole", "apprunner:CreateService"),

	way("lambda:UpdateFunctionCode", "lambda:UpdateFunctionCode"),
	way("lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration"),
	way("GlueUpdateDevEndpoint", "glue:UpdateDevEndpoint"),
	way("CloudFormationUpdateStack", "cloudformation:UpdateStack"),
	way("CloudFormationChangeSet", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
	way("CodeBuildStartBuild", "codebuild:StartBuild"),
	way("EC2ModifyInstanceAttribute", "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"),
	way("EC2InstanceConnect+SendSSHPublicKey", "ec2-instance-connect:SendSSHPublicKey", "ec2:DescribeInstances"),
	way("ECS+ExecuteCommand", "ecs:ExecuteCommand", "ecs:DescribeTasks"),
	way("SageMakerCreatePresignedNotebookInstanceUrl", "sagemaker:CreatePresignedNotebookInstanceUrl"),
	way("SSMStartSession", "ssm:StartSession"),
	way("SSMSendCommand", "ssm:SendCommand"),
	way("AppRunnerUpdateService", "apprunner:UpdateService"),
}

func way(name string, actions ...string) Escalation { return Escalation{name, actions} }

// PowersAsked are the actions that a simulation is about: what a thief wants, and what
// the known escalations take, each once. IAM simulates no names with wildcards.
func PowersAsked() []string {
	asked := slices.Clone(thiefActions)
	for _, e := range escalations {
		for _, a := range e.Actions {
			if !slices.Contains(asked, a) {
				asked = append(asked, a)
			}
		}
	}
	return asked
}

// PowersOf are the powers that consist of what is allowed, and of what a condition may
// still allow, in the order of PowersAsked.
func PowersOf(allowed, conditional []string) Powers {
	var p Powers
	for _, a := range PowersAsked() {
		switch {
		case slices.Contains(allowed, a):
			p.Allowed = append(p.Allowed, a)
		case slices.Contains(conditional, a):
			p.Conditional = append(p.Conditional, a)
		}
	}
	for _, e := range escalations {
		if !slices.ContainsFunc(e.Actions, func(a string) bool { return !slices.Contains(p.Allowed, a) }) {
			p.Escalations = append(p.Escalations, Escalation{e.Name, slices.Clone(e.Actions)})
		}
	}
	return p
}
