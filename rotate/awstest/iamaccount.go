package awstest

import (
	"encoding/base64"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	reportLife = 4 * time.Hour
	reportTime = "2006-01-02T15:04:05+00:00"
)

// reportColumns are AWS's, in AWS's order.
var reportColumns = strings.Fields(`
	user arn user_creation_time password_enabled password_last_used password_last_changed password_next_rotation mfa_active
	access_key_1_active access_key_1_last_rotated access_key_1_last_used_date access_key_1_last_used_region access_key_1_last_used_service
	access_key_2_active access_key_2_last_rotated access_key_2_last_used_date access_key_2_last_used_region access_key_2_last_used_service
	cert_1_active cert_1_last_rotated cert_2_active cert_2_last_rotated`)

// report is an account's credential report: asked for once, then there from the second question on.
type report struct {
	started bool
	made    time.Time
	content string
}

func (s *Server) getAccountSummary(c *caller) ([]node, error) {
	a := c.acct
	devices, inUse := 0, 0
	for _, u := range a.users {
		devices += len(u.mfa)
		inUse += min(len(u.mfa), 1)
	}
	n := map[string]int{
		"Users": len(a.users), "UsersQuota": 5000,
		"Groups": len(a.groups), "GroupsQuota": 300,
		"Roles": len(a.roles), "RolesQuota": 1000,
		"AccessKeysPerUserQuota":            maxKeys,
		"AccountAccessKeysPresent":          min(len(s.owned(a.root)), 1),
		"AccountMFAEnabled":                 min(len(a.root.mfa), 1),
		"AccountPasswordPresent":            1,
		"AccountSigningCertificatesPresent": min(len(a.root.certificates), 1),
		"MFADevices":                        devices,
		"MFADevicesInUse":                   inUse,
		"GroupsPerUserQuota":                10,
		"AttachedPoliciesPerUserQuota":      10,
		"AttachedPoliciesPerGroupQuota":     10,
		"Policies":                          0,
		"PoliciesQuota":                     1500,
	}
	maps.Copy(n, a.summary)
	list := tree("SummaryMap")
	for _, name := range slices.Sorted(maps.Keys(n)) {
		list.kids = append(list.kids, tree("entry", leaf("key", name), number("value", n[name])))
	}
	return []node{list}, nil
}

func (s *Server) getAccountPasswordPolicy(c *caller) ([]node, error) {
	p := c.acct.policy
	if p == nil {
		return nil, missing("The Password Policy with domain name %s cannot be found.", c.acct.id)
	}
	n := tree("PasswordPolicy",
		number("MinimumPasswordLength", p.MinLength),
		flag("RequireSymbols", p.Symbols),
		flag("RequireNumbers", p.Numbers),
		flag("RequireUppercaseCharacters", p.Uppercase),
		flag("RequireLowercaseCharacters", p.Lowers),
		flag("AllowUsersToChangePassword", p.AllowChange),
		flag("ExpirePasswords", p.MaxAge > 0),
		flag("HardExpiry", p.HardExpiry))
	if p.MaxAge > 0 {
		n.kids = append(n.kids, number("MaxPasswordAge", p.MaxAge))
	}
	if p.Reuse > 0 {
		n.kids = append(n.kids, number("PasswordReusePrevention", p.Reuse))
	}
	return []node{n}, nil
}

func (s *Server) generateCredentialReport(c *caller) ([]node, error) {
	r := &c.acct.report
	fresh := r.content != "" && c.now.Before(r.made.Add(reportLife))
	if !fresh && !r.started {
		*r = report{started: true}
		return []node{leaf("State", "STARTED"), leaf("Description", "No report exists. Starting a new report generation task")}, nil
	}
	if !fresh {
		s.makeReport(c.acct, c.now)
	}
	return []node{leaf("State", "COMPLETE")}, nil
}

func (s *Server) makeReport(a *account, now time.Time) {
	a.report = report{made: now, content: s.credentialReport(a, now)}
}

func (s *Server) getCredentialReport(c *caller) ([]node, error) {
	r := c.acct.report
	switch {
	case r.started:
		return nil, errorf(404, "ReportInProgress", "Report is in progress.")
	case r.content == "":
		return nil, errorf(410, "ReportNotPresent", "No report present. Use GenerateCredentialReport to generate a report.")
	case !c.now.Before(r.made.Add(reportLife)):
		return nil, errorf(410, "ReportExpired", "Report expired. Use GenerateCredentialReport to generate a new report.")
	}
	return []node{
		leaf("Content", base64.StdEncoding.EncodeToString([]byte(r.content))),
		leaf("ReportFormat", "text/csv"),
		date("GeneratedTime", r.made),
	}, nil
}

func (s *Server) credentialReport(a *account, now time.Time) string {
	var rows []map[string]string
	extra := map[string]bool{}
	for _, u := range append([]*identity{a.root}, a.users...) {
		row := s.reportRow(u, now)
		maps.Copy(row, u.row)
		for name := range row {
			if !slices.Contains(reportColumns, name) {
				extra[name] = true
			}
		}
		rows = append(rows, row)
	}
	columns := append(slices.Clone(reportColumns), slices.Sorted(maps.Keys(extra))...)
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(columns)
	for _, row := range rows {
		line := make([]string, len(columns))
		for i, name := range columns {
			line[i] = row[name]
		}
		w.Write(line)
	}
	w.Flush()
	return b.String()
}

func (s *Server) reportRow(u *identity, now time.Time) map[string]string {
	stamp := func(t time.Time, none string) string {
		if t.IsZero() {
			return none
		}
		return t.UTC().Format(reportTime)
	}
	row := map[string]string{
		"user":                   u.name,
		"arn":                    u.arn(),
		"user_creation_time":     stamp(u.created, "N/A"),
		"password_enabled":       strconv.FormatBool(!u.login.IsZero()),
		"password_last_used":     "N/A",
		"password_last_changed":  stamp(u.login, "N/A"),
		"password_next_rotation": "N/A",
		"mfa_active":             strconv.FormatBool(len(u.mfa) > 0),
	}
	for i := range maxKeys {
		cert, p := Certificate{}, "cert_"+strconv.Itoa(i+1)+"_"
		if i < len(u.certificates) {
			cert = u.certificates[i]
		}
		row[p+"active"] = strconv.FormatBool(cert.Status == Active)
		row[p+"last_rotated"] = stamp(cert.Uploaded, "N/A")
	}
	if !u.login.IsZero() || u.kind == kindRoot {
		row["password_last_used"] = stamp(u.passwordUsed, "no_information")
	}
	if u.kind == kindRoot {
		row["user"] = "<root_account>"
		row["password_enabled"] = "not_supported"
		row["password_last_changed"] = "not_supported"
		row["password_next_rotation"] = "not_supported"
	}
	keys := s.owned(u)
	for i := range maxKeys {
		info, exists := KeyInfo{}, i < len(keys)
		if exists {
			info = keys[i].info(now)
		}
		p := "access_key_" + strconv.Itoa(i+1) + "_"
		row[p+"active"] = strconv.FormatBool(info.Status == Active)
		row[p+"last_rotated"] = stamp(info.Created, "N/A")
		row[p+"last_used_date"] = stamp(info.LastUsed, "N/A")
		row[p+"last_used_region"], row[p+"last_used_service"] = "N/A", "N/A"
		if !info.LastUsed.IsZero() {
			row[p+"last_used_region"], row[p+"last_used_service"] = info.Region, info.Service
		}
	}
	return row
}
