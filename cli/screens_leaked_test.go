package cli

import (
	"testing"
	"time"

	"keycare/rotate/awstest"
)

const leakedWork = "rotate work --yes --compromised"

// A key has leaked: what a person sees.
func TestScreensLeaked(t *testing.T) {
	// stolen has CloudTrail tell of what the owner and a thief did with the key.
	stolen := func(n *night) {
		signer := n.old.ID
		call := func(hours int, source, name, address, agent, region string, request, response map[string]any, failed string) {
			n.iam.AddEvents(awstest.TrailEvent{KeyID: signer, User: "ann", At: n.now.Add(-time.Duration(hours) * time.Hour), Region: region, Source: source + ".amazonaws.com",
				Name: name, Address: address, Agent: agent, Error: failed, Request: request, Response: response})
		}
		for day := range 20 {
			call(24*day+30, "s3", "ListBuckets", "198.51.100.7", "aws-cli/2.31.0 md/awscrt#0.27.6", "eu-west-1", nil, nil, "")
		}
		thief := "203.0.113.9"
		call(5, "sts", "GetCallerIdentity", thief, "Boto3/1.40.2", "us-east-1", nil, nil, "")
		call(4, "iam", "CreateUser", thief, "Boto3/1.40.2", "", map[string]any{"userName": "support"}, nil, "")
		call(4, "iam", "AttachUserPolicy", thief, "Boto3/1.40.2", "", map[string]any{"userName": "support", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, nil, "AccessDenied")
		call(3, "sts", "GetSessionToken", thief, "Boto3/1.40.2", "us-east-1", map[string]any{"durationSeconds": 129600},
			map[string]any{"credentials": map[string]any{"accessKeyId": "ASIAQAAAAAAAQAAAAAAA", "expiration": n.now.Add(33 * time.Hour).UTC().Format("Jan 2, 2006, 3:04:05 PM")}}, "")
		call(2, "sts", "AssumeRole", thief, "Boto3/1.40.2", "us-east-1", map[string]any{"roleArn": "arn:aws:iam::123456789012:role/team/deploy", "roleSessionName": "x"},
			map[string]any{"credentials": map[string]any{"accessKeyId": "ASIAQAAAAAAAQAAAAAAB", "expiration": n.now.Add(10 * time.Hour).UTC().Format("Jan 2, 2006, 3:04:05 PM")}}, "")
		call(1, "ec2", "RunInstances", thief, "Boto3/1.40.2", "ap-south-1", map[string]any{"instanceType": "p4d.24xlarge"}, nil, "Client.UnauthorizedOperation")
		signer = "ASIAQAAAAAAAQAAAAAAA"
		call(2, "sts", "AssumeRole", thief, "Boto3/1.40.2", "us-east-1", map[string]any{"roleArn": "arn:aws:iam::123456789012:role/backup", "roleSessionName": "x"},
			map[string]any{"credentials": map[string]any{"accessKeyId": "ASIAQAAAAAAAQAAAAAAC", "expiration": n.now.Add(9 * time.Hour).UTC().Format("Jan 2, 2006, 3:04:05 PM")}}, "")
		signer = "ASIAQAAAAAAAQAAAAAAC"
		call(1, "secretsmanager", "GetSecretValue", thief, "Boto3/1.40.2", "eu-west-1", map[string]any{"secretId": "prod/db"}, nil, "")
	}
	screens(t, map[string]func(n *night){
		"rotate-compromised": func(n *night) {
			stolen(n)
			run(n, 0, "rotate work --compromised --dry-run")
			n.types("y\n")
			run(n, 0, "rotate work --compromised")
		},
		"rotate-compromised-quiet": func(n *night) {
			n.iam.Deny("ann", "cloudtrail:LookupEvents")
			run(n, 0, leakedWork+" --retire delete")
		},
		"rotate-compromised-refused": func(n *night) {
			run(n, 2, leakedWork+" --grace 24h")
			second := n.iam.AddKey("ann", n.now.Add(-4*time.Hour))
			n.iam.AddEvents(awstest.TrailEvent{KeyID: n.old.ID, User: "ann", At: n.now.Add(-4 * time.Hour), Name: "CreateAccessKey", Address: "203.0.113.9", Agent: "Boto3/1.40.2",
				Request: map[string]any{"userName": "ann"}, Response: map[string]any{"accessKey": map[string]any{"userName": "ann", "accessKeyId": second.ID, "status": "Active"}}})
			run(n, 3, leakedWork)
			n.iam.DeleteKey(second.ID)
			n.iam.SetPolicies("ann", []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}, nil)
			run(n, 3, leakedWork)
		},
		"stop-compromised": func(n *night) {
			n.iam.Deny("ann", "iam:UpdateAccessKey")
			run(n, 4, leakedWork)
			run(n, 0, "status")
			run(n, 4, "resume --undo work")
		},
		"stop-compromised-interrupted": func(n *night) {
			n.at("UpdateAccessKey", 1, awstest.Fault{After: func() { n.stop(errSignal) }})
			run(n, 4, leakedWork)
			run(n, 0, "status")
			run(n, 0, "resume")
		},
		"rotate-compromised-owed": func(n *night) {
			stolen(n)
			n.at("LookupEvents", 1, awstest.Fault{Kind: awstest.FaultDropBefore, Before: func() { n.stop(errSignal) }})
			run(n, 0, leakedWork)
			run(n, 0, "status")
			run(n, 0, "")
			run(n, 0, "resume")
			run(n, 0, "status")
		},
		"stop-compromised-never-accepted": func(n *night) {
			n.iam.SetVisible(func(v awstest.View) bool { return !v.ByAPI })
			run(n, 3, leakedWork)
		},
	})
}
