package awstest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func (s *Server) getCallerIdentity(c *caller) ([]node, error) {
	return []node{
		leaf("Arn", c.key.callerARN()),
		leaf("UserId", c.key.callerID()),
		leaf("Account", c.acct.id),
	}, nil
}

func (s *Server) getAccessKeyInfo(c *caller) ([]node, error) {
	id := c.form.Get("AccessKeyId")
	if k := s.keys[id]; k != nil {
		return []node{leaf("Account", k.who.acct.id)}, nil
	}
	if a := accountOf(id); a != "" {
		return []node{leaf("Account", a)}, nil
	}
	return nil, invalid("Invalid Access Key ID: %s", id)
}

func (s *Server) getSessionToken(c *caller) ([]node, error) {
	if c.key.temp {
		return nil, errorf(403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	}
	life, err := c.duration(12*time.Hour, 36*time.Hour)
	if err != nil {
		return nil, err
	}
	if c.who.kind == kindRoot {
		life = min(life, time.Hour)
	}
	mfa, err := c.secondFactor()
	if err != nil {
		return nil, err
	}
	k := s.newSession(c.who, "", mfa, c.now, c.now.Add(life))
	return []node{credentials(k)}, nil
}

func (s *Server) assumeRole(c *caller) ([]node, error) {
	var role *identity
	for _, r := range c.acct.roles {
		if r.arn() == c.form.Get("RoleArn") {
			role = r
		}
	}
	if role == nil || c.who.kind == kindRoot {
		return nil, c.forbidden("because no identity-based policy allows the sts:AssumeRole action")
	}
	name := c.form.Get("RoleSessionName")
	if err := checkName("roleSessionName", name); err != nil {
		return nil, err
	}
	life, err := c.duration(time.Hour, time.Hour)
	if err != nil {
		return nil, err
	}
	mfa, err := c.secondFactor()
	if err != nil {
		return nil, err
	}
	k := s.newSession(role, name, mfa, c.now, c.now.Add(life))
	return []node{
		credentials(k),
		tree("AssumedRoleUser", leaf("AssumedRoleId", k.callerID()), leaf("Arn", k.callerARN())),
	}, nil
}

func credentials(k *key) node {
	return tree("Credentials",
		leaf("AccessKeyId", k.id),
		leaf("SecretAccessKey", k.secret),
		leaf("SessionToken", k.token),
		date("Expiration", k.expires))
}

func (c *caller) duration(standard, most time.Duration) (time.Duration, error) {
	text := c.form.Get("DurationSeconds")
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	d := time.Duration(n) * time.Second
	if err != nil || d < 15*time.Minute || d > most {
		return 0, invalid("1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and %d", text, int(most.Seconds()))
	}
	return d, nil
}

// secondFactor checks the device and code of a request, if it has any.
func (c *caller) secondFactor() (bool, error) {
	serial, code := c.form.Get("SerialNumber"), c.form.Get("TokenCode")
	if serial == "" && code == "" {
		return false, nil
	}
	if serial == "" || len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return false, invalid("Both SerialNumber and a TokenCode of six digits must be given.")
	}
	for _, d := range c.who.mfa {
		if d.serial != serial {
			continue
		}
		if d.code != code {
			return false, errorf(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
		}
		d.code = nextCode(code)
		return true, nil
	}
	return false, errorf(403, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
}

// nextCode is what the device shows after code: one that was taken is not taken
// again.
func nextCode(code string) string {
	n, _ := strconv.Atoi(code)
	return fmt.Sprintf("%06d", (n+1)%1_000_000)
}
