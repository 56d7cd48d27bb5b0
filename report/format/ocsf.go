package format

import (
	"io"
	"strings"

	"keycare/report"
)

// The version of the Open Cybersecurity Schema Framework, and its class of
// findings about compliance.
const (
	ocsfVersion  = "1.6.0"
	ocsfClass    = 2003
	ocsfCategory = 2
)

// What OCSF says of a finding, its state and its severity, in numbers.
const (
	ocsfCreate, ocsfUpdate, ocsfClose     = 1, 2, 3
	ocsfNew, ocsfSuppressed, ocsfResolved = 1, 3, 4
	ocsfWarning, ocsfFail                 = 2, 3
	ocsfLaptop, ocsfAWSAccount            = 3, 10
)

type ocsfEvent struct {
	ActivityID   int              `json:"activity_id"`
	CategoryUID  int              `json:"category_uid"`
	ClassUID     int              `json:"class_uid"`
	TypeUID      int              `json:"type_uid"`
	Time         int64            `json:"time"` // milliseconds
	SeverityID   int              `json:"severity_id"`
	StatusID     int              `json:"status_id"`
	Message      string           `json:"message"`
	Metadata     ocsfMetadata     `json:"metadata"`
	FindingInfo  ocsfFinding      `json:"finding_info"`
	Compliance   ocsfCompliance   `json:"compliance"`
	Cloud        *ocsfCloud       `json:"cloud,omitempty"`
	Device       ocsfDevice       `json:"device"`
	Resources    []ocsfResource   `json:"resources"`
	Remediation  *ocsfRemediation `json:"remediation,omitempty"`
	StatusDetail string           `json:"status_detail,omitempty"`
}

type ocsfMetadata struct {
	Version   string      `json:"version"`
	UID       string      `json:"uid"`
	EventCode string      `json:"event_code"`
	Product   ocsfProduct `json:"product"`
	Profiles  []string    `json:"profiles"`
}

type ocsfProduct struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version"`
}

type ocsfFinding struct {
	UID       string `json:"uid"`
	Title     string `json:"title"`
	Desc      string `json:"desc"`
	FirstSeen int64  `json:"first_seen_time"`
	LastSeen  int64  `json:"last_seen_time"`
	Modified  int64  `json:"modified_time"`
}

type ocsfCompliance struct {
	Control   string   `json:"control"`
	Standards []string `json:"standards,omitempty"`
	StatusID  int      `json:"status_id"`
}

type ocsfCloud struct {
	Provider string      `json:"provider"`
	Account  ocsfAccount `json:"account"`
}

type ocsfAccount struct {
	UID    string `json:"uid"`
	TypeID int    `json:"type_id"`
}

type ocsfDevice struct {
	TypeID   int    `json:"type_id"`
	Hostname string `json:"hostname,omitempty"`
	UID      string `json:"uid,omitempty"`
	OS       ocsfOS `json:"os"`
}

type ocsfOS struct {
	TypeID int    `json:"type_id"`
	Name   string `json:"name"`
}

type ocsfResource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
	Name string `json:"name,omitempty"`
}

type ocsfRemediation struct {
	Desc string `json:"desc"`
}

// ocsfSystems are OCSF's numbers of operating systems; others are 99.
var ocsfSystems = map[string]ocsfOS{"windows": {100, "Windows"}, "linux": {200, "Linux"}, "darwin": {300, "macOS"}}

// writeOCSF writes an event a line: for each finding, for those that exceptions
// cover, and for those that are gone.
func writeOCSF(w io.Writer, rs []*report.Report, _ Options) error {
	for _, r := range rs {
		all := append([]report.Finding{}, r.Findings...)
		for _, a := range r.Accepted {
			all = append(all, a.Finding)
		}
		for _, f := range append(all, gone(r)...) {
			if err := encodeJSON(w, ocsfOf(r, &f), ""); err != nil {
				return err
			}
		}
	}
	return nil
}

func ocsfOf(r *report.Report, f *report.Finding) ocsfEvent {
	e := ocsfEvent{
		ActivityID: ocsfUpdate, CategoryUID: ocsfCategory, ClassUID: ocsfClass, Time: r.Time.UnixMilli(),
		SeverityID: severityNumber(f.Severity), StatusID: ocsfNew, Message: f.What,
		Metadata: ocsfMetadata{Version: ocsfVersion, UID: hostOf(r) + "/" + uidOf(r) + "/" + f.Fingerprint, EventCode: f.Rule, Profiles: []string{"host"},
			Product: ocsfProduct{"keycare", "keycare", r.Tool.Version}},
		FindingInfo: ocsfFinding{f.Fingerprint, f.Title, f.What, f.FirstSeen.UnixMilli(), r.Time.UnixMilli(), r.Time.UnixMilli()},
		Compliance:  ocsfCompliance{f.Rule, f.Sources, ocsfFail},
		Device:      ocsfDevice{ocsfLaptop, r.Host.Name, r.Host.ID, ocsfSystem(r.Host.OS)},
		Resources:   ocsfResources(r, f),
	}
	if f.Why != "" {
		e.FindingInfo.Desc = f.Why
	}
	if fix := f.Repair.String(); fix != "" {
		e.Remediation = &ocsfRemediation{fix}
	}
	switch f.State {
	case report.StateNew:
		e.ActivityID = ocsfCreate
	case report.StateAccepted:
		e.StatusID = ocsfSuppressed
	case stateGone:
		e.ActivityID, e.StatusID = ocsfClose, ocsfResolved
	}
	if strings.HasPrefix(f.Rule, "unknown-") {
		e.Compliance.StatusID = ocsfWarning
	}
	if f.Account != "" { // the profile of the cloud makes it a required field
		e.Metadata.Profiles = []string{"cloud", "host"}
		e.Cloud = &ocsfCloud{"AWS", ocsfAccount{f.Account, ocsfAWSAccount}}
	}
	e.TypeUID = ocsfClass*100 + e.ActivityID
	return e
}

func ocsfSystem(goos string) ocsfOS {
	if known, ok := ocsfSystems[goos]; ok {
		return known
	}
	return ocsfOS{99, goos}
}

func ocsfResources(r *report.Report, f *report.Finding) (all []ocsfResource) {
	if f.KeyID != "" {
		all = append(all, ocsfResource{"AwsIamAccessKey", f.KeyID, strings.Join(f.Profiles, " ")})
	}
	if f.File != "" {
		all = append(all, ocsfResource{Type: "File", UID: f.File})
	}
	if len(all) == 0 {
		all = append(all, ocsfResource{Type: "Device", UID: r.Host.ID, Name: r.Host.Name})
	}
	return all
}
