package cli

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"

	"keycare/credfile/show"
	"keycare/report"
)

// readForeignReport reads a report that another user's process printed. What is
// not one of this version's is refused, what a rule says is taken from the rule, the
// counts are made anew, and no text in it can be a secret or steer a terminal.
func readForeignReport(b []byte) (*report.Report, error) {
	r, err := report.Read(b)
	if err != nil {
		return nil, err
	}
	r.Findings, r.Known, r.KnownFindings, r.Changes, r.Trend = r.All(), 0, nil, nil, nil
	scrub(reflect.ValueOf(r).Elem())
	for i := range r.Findings {
		if !genuine(&r.Findings[i]) {
			return nil, errForeign
		}
	}
	for i := range r.Accepted {
		if !genuine(&r.Accepted[i].Finding) {
			return nil, errForeign
		}
	}
	r.Sort()
	return r, nil
}

// errForeign says that a report has what no audit of this version finds.
var errForeign = errors.New("it is no report of this version")

// genuine reports whether a finding may be one of keycare's, and gives it back
// what its rule says.
func genuine(f *report.Finding) bool {
	rule := report.RuleByID(f.Rule)
	if rule == nil || f.Severity < report.Info || f.Severity > report.Critical || f.KeyID != "" && !show.IsKeyID(f.KeyID) ||
		f.Account != "" && (len(f.Account) != 12 || strings.Trim(f.Account, "0123456789") != "") ||
		len(f.Fingerprint) != 32 || strings.Trim(f.Fingerprint, "0123456789abcdef") != "" || f.Line < 0 || f.Col < 0 {
		return false
	}
	f.Title, f.Why, f.Sources = rule.Title, rule.Why, rule.Sources
	if f.State == report.StateKnown {
		f.State = report.StateOpen
	}
	return true
}

// scrubbed is a text of another user's without what may be a secret and without
// what does not show as itself.
func scrubbed(s string) string {
	var b strings.Builder
	w := show.NewWriter(&b, false)
	w.Hide(s)
	_, _ = io.WriteString(w, s) // a strings.Builder takes everything
	_ = w.Flush()
	return b.String()
}

// scrub does that for all texts below v.
func scrub(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(scrubbed(v.String()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scrub(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			scrub(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			scrub(v.Elem())
		}
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			return
		}
		clean := reflect.MakeMap(v.Type())
		for _, key := range v.MapKeys() {
			k, value := reflect.New(key.Type()).Elem(), reflect.New(v.Type().Elem()).Elem()
			k.Set(key)
			value.Set(v.MapIndex(key))
			scrub(k)
			scrub(value)
			clean.SetMapIndex(k, value)
		}
		if v.CanSet() && !v.IsNil() {
			v.Set(clean)
		}
	}
}

// mergedReport is one home in the merged form.
type mergedReport struct {
	User   string          `json:"user"`
	UID    int             `json:"uid"`
	Home   string          `json:"home"`
	Error  string          `json:"error,omitempty"`
	File   string          `json:"file,omitempty"`
	Report json.RawMessage `json:"report,omitempty"`
}

func (m *merged) writeJSON(e *env) error {
	for _, u := range m.all {
		entry := mergedReport{User: show.Plain(u.Name), UID: u.UID, Home: u.Home, Error: u.Why, File: u.File}
		if u.Report != nil {
			text, err := render(u.Report)
			if err != nil {
				return err
			}
			entry.Report = json.RawMessage(text)
		}
		m.Users = append(m.Users, entry)
	}
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(m)
}
