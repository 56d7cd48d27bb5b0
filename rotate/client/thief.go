package client

import "strings"

// thiefCalls are the calls that are looked at first when a key was stolen: by them a
// thief stays (users, keys, roles), rises (policies), hides (records off), takes
// (secrets, snapshots) and earns (machines, mail, models). Names without the version of
// an interface. Sources: MITRE ATT&CK, cloud matrix; AWS, "My account may be
// compromised"; the denials of AWSCompromisedKeyQuarantineV3.
var thiefCalls = callSet(map[string]string{
	"iam": `CreateUser CreateAccessKey UpdateAccessKey CreateLoginProfile UpdateLoginProfile AttachUserPolicy AttachGroupPolicy AttachRolePolicy
		PutUserPolicy PutGroupPolicy PutRolePolicy AddUserToGroup CreateRole UpdateAssumeRolePolicy CreatePolicy CreatePolicyVersion SetDefaultPolicyVersion
		DeleteUserPolicy DetachUserPolicy DeleteUserPermissionsBoundary PutUserPermissionsBoundary DeactivateMFADevice EnableMFADevice CreateVirtualMFADevice
		CreateServiceSpecificCredential ResetServiceSpecificCredential UploadSSHPublicKey UploadSigningCertificate CreateSAMLProvider UpdateSAMLProvider
		CreateOpenIDConnectProvider AddRoleToInstanceProfile DeleteAccessKey DeleteUser`,
	"rolesanywhere": `CreateTrustAnchor CreateProfile`,
	"sso":           `CreateAccountAssignment CreatePermissionSet`,
	"organizations": `LeaveOrganization InviteAccountToOrganization CreateAccount DetachPolicy DisablePolicyType`,
	"account":       `PutAlternateContact DeleteAlternateContact EnableRegion PutContactInformation`,
	"cloudtrail":    `StopLogging DeleteTrail UpdateTrail PutEventSelectors`,
	"guardduty":     `DeleteDetector UpdateDetector CreateIPSet CreateFilter StopMonitoringMembers`,
	"config":        `StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel DeleteConfigRule`,
	"securityhub":   `DisableSecurityHub`,
	"logs":          `DeleteLogGroup DeleteLogStream`,
	"ec2": `RunInstances RequestSpotInstances RequestSpotFleet CreateFleet CreateKeyPair ImportKeyPair GetPasswordData AuthorizeSecurityGroupIngress
		ModifySnapshotAttribute ModifyImageAttribute ModifyInstanceAttribute DeleteFlowLogs CreateLaunchTemplate DisableEbsEncryptionByDefault`,
	"ec2-instance-connect": `SendSSHPublicKey SendSerialConsoleSSHPublicKey`,
	"autoscaling":          `CreateAutoScalingGroup CreateLaunchConfiguration UpdateAutoScalingGroup`,
	"lightsail":            `CreateInstances CreateInstanceSnapshot GetInstanceAccessDetails DownloadDefaultKeyPair`,
	"ecs":                  `CreateCluster CreateService RegisterTaskDefinition RunTask ExecuteCommand`,
	"eks":                  `CreateCluster CreateAccessEntry AssociateAccessPolicy CreateNodegroup`,
	"batch":                `CreateComputeEnvironment SubmitJob`,
	"sagemaker":            `CreateNotebookInstance CreateTrainingJob CreatePresignedNotebookInstanceUrl CreateEndpoint`,
	"glue":                 `CreateDevEndpoint UpdateDevEndpoint CreateJob`,
	"codebuild":            `CreateProject StartBuild`,
	"cloudformation":       `CreateStack UpdateStack CreateStackSet`,
	"lambda":               `CreateFunction UpdateFunctionCode UpdateFunctionConfiguration AddPermission CreateFunctionUrlConfig PublishLayerVersion`,
	"amplify":              `CreateApp`,
	"ses":                  `VerifyEmailIdentity VerifyDomainIdentity CreateEmailIdentity UpdateAccountSendingEnabled PutAccountDetails PutAccountSendingAttributes`,
	"sns":                  `SetSMSAttributes CreateSMSSandboxPhoneNumber`,
	"servicequotas":        `RequestServiceQuotaIncrease`,
	"bedrock":              `InvokeModel InvokeModelWithResponseStream Converse ConverseStream PutFoundationModelEntitlement PutUseCaseForModelAccess CreateFoundationModelAgreement DeleteModelInvocationLoggingConfiguration`,
	"s3":                   `PutBucketPolicy DeleteBucketPolicy PutBucketAcl PutBucketPublicAccessBlock DeleteBucketPublicAccessBlock DeleteAccountPublicAccessBlock PutBucketVersioning PutBucketLifecycle PutBucketReplication DeleteBucket PutBucketEncryption`,
	"kms":                  `ScheduleKeyDeletion DisableKey PutKeyPolicy CreateGrant`,
	"secretsmanager":       `GetSecretValue BatchGetSecretValue DeleteSecret PutResourcePolicy`,
	"ssm":                  `GetParameter GetParameters GetParametersByPath SendCommand StartSession ModifyDocumentPermission`,
	"rds":                  `CreateDBSnapshot ModifyDBSnapshotAttribute ModifyDBInstance DeleteDBInstance RestoreDBInstanceFromDBSnapshot`,
	"ecr":                  `SetRepositoryPolicy GetAuthorizationToken PutImage`,
	"route53":              `ChangeResourceRecordSets`,
	"route53domains":       `TransferDomain DisableDomainTransferLock`,
	"backup":               `DeleteBackupVault DeleteRecoveryPoint`,
})

func callSet(byService map[string]string) map[string]bool {
	set := map[string]bool{}
	for service, names := range byService {
		for _, name := range strings.Fields(names) {
			set[service+":"+name] = true
		}
	}
	return set
}
