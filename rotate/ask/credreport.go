package ask

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"keycare/credfile/facts"
)

// rootUser is the root user's name in the credential report.
const rootUser = "<root_account>"

// reportRow is a line of the credential report, by the names of its columns:
// AWS adds columns. Source: IAM User Guide, credential reports.
type reportRow map[string]string

func (r reportRow) flag(column string) (yes, known bool) {
	v := r[column]
	return v == "true", v == "true" || v == "false"
}

// time is zero for N/A, no_information and not_supported.
func (r reportRow) time(column string) time.Time {
	t, err := time.Parse(time.RFC3339, r[column])
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// keyUse is the last use of the user's key that was made at created. There are no
// key IDs in the report; a key is told by the time of its creation.
func (r reportRow) keyUse(created time.Time) (u facts.Use, ok bool) {
	slot := ""
	for _, p := range []string{"access_key_1_", "access_key_2_"} {
		if made := r.time(p + "last_rotated"); made.IsZero() || !made.Equal(created.Truncate(time.Second)) {
			continue
		}
		if slot != "" {
			return u, false // two keys of one second
		}
		slot = p
	}
	if _, ok = r[slot+"last_used_date"]; !ok {
		return u, false
	}
	if u.At = r.time(slot + "last_used_date"); !u.At.IsZero() {
		u.Service, u.Region = r[slot+"last_used_service"], r[slot+"last_used_region"]
	}
	return u, true
}

// lastUse is the latest use of anything in the line.
func (r reportRow) lastUse() (u facts.Use) {
	if at := r.time("password_last_used"); !at.IsZero() {
		u = facts.Use{At: at, Service: "console"}
	}
	for _, p := range []string{"access_key_1_", "access_key_2_"} {
		if at := r.time(p + "last_used_date"); at.After(u.At) {
			u = facts.Use{At: at, Service: r[p+"last_used_service"], Region: r[p+"last_used_region"]}
		}
	}
	return u
}

// password is what the line says about the password for the console.
func (r reportRow) password() (p facts.Password, known bool) {
	p.Exists, known = r.flag("password_enabled")
	p.Set, p.Used = r.time("password_last_changed"), facts.Answered(r.time("password_last_used"))
	if _, told := r["password_last_used"]; !told {
		p.Used.Fail("the credential report does not say")
	}
	return p, known
}

// certificates has an empty ID for each active certificate.
func (r reportRow) certificates() (active []string, known bool) {
	for _, column := range []string{"cert_1_active", "cert_2_active"} {
		yes, told := r.flag(column)
		if yes {
			active = append(active, "")
		}
		known = told && (known || column == "cert_1_active")
	}
	return active, known
}

// root is what the line says in place of the account's summary.
func (r reportRow) root() (f facts.RootFacts, known bool) {
	mfa, known := r.flag("mfa_active")
	if mfa {
		f.MFA = 1
	}
	for _, column := range []string{"access_key_1_active", "access_key_2_active"} {
		yes, told := r.flag(column)
		if yes {
			f.Keys = 1
		}
		known = known && told
	}
	active, told := r.certificates()
	f.Certificates = min(len(active), 1)
	has, says := r.flag("password_enabled")
	f.NoPassword = says && !has
	return f, known && told
}

// credentialReport reads the report. It does not have one made: an audit changes
// nothing.
func (r *round) credentialReport(c *iam.Client) (map[string]reportRow, error) {
	out, err := c.GetCredentialReport(r.ctx, &iam.GetCredentialReportInput{})
	if err != nil {
		return nil, err
	}
	return readReport(out.Content)
}

var errReport = errors.New("the credential report cannot be read")

// whyNoReport says what is wrong with the report itself; empty where nobody knows.
func whyNoReport(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && slices.Contains([]string{"ReportNotPresent", "ReportExpired", "ReportInProgress"}, api.ErrorCode()) {
		return facts.NoReport
	}
	if errors.Is(err, errReport) {
		return err.Error()
	}
	return ""
}

func readReport(content []byte) (map[string]reportRow, error) {
	rd := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	rd.FieldsPerRecord = -1
	lines, err := rd.ReadAll()
	if err != nil || len(lines) == 0 || !slices.Contains(lines[0], "arn") || !slices.Contains(lines[0], "user") {
		return nil, errReport
	}
	rows := make(map[string]reportRow, len(lines))
	for _, line := range lines[1:] {
		row := reportRow{}
		for i, name := range lines[0] {
			if i < len(line) {
				row[name] = line[i]
			}
		}
		rows[row["arn"]] = row
	}
	return rows, nil
}

// fillIn takes from the credential report what was not learned otherwise.
func (a *account) fillIn() {
	for _, k := range a.keys {
		k.useFrom(a.report[k.facts.Identity.Value.ARN])
	}
	for _, u := range a.users {
		if row, ok := a.report[u.arn]; ok {
			row.fillIn(u.facts)
		}
	}
	for _, row := range a.report {
		if row["user"] != rootUser {
			continue
		}
		a.facts.RootUse = facts.Answered(row.lastUse())
		if f, known := row.root(); known && !a.facts.Root.Known() {
			a.facts.Root = facts.Answered(f)
		}
	}
}

func (r reportRow) fillIn(u *facts.UserFacts) {
	if has, known := r.flag("mfa_active"); known && !u.MFA.Known() {
		u.MFA, u.FromReport = facts.Answered([]string(nil)), true
		if has {
			u.MFA.Value = []string{"(credential report)"}
		}
	}
	if active, known := r.certificates(); known && !u.Certificates.Known() {
		u.Certificates, u.FromReport = facts.Answered(active), true
	}
	p, known := r.password()
	switch {
	case !known:
	case !u.Password.Known():
		u.Password, u.FromReport = facts.Answered(p), true
	case u.Password.Value.Exists && p.Exists:
		if p.Set.After(u.Password.Value.Set) {
			u.Password.Value.Set = p.Set // IAM's own answer is when it was made
		}
		if !u.Password.Value.Used.Known() {
			u.Password.Value.Used, u.FromReport = p.Used, true
		}
	}
}
