package credfile

import (
	"slices"
	"strings"
)

// longTerm ends the name of the profile in which aws-mfa keeps the key whose
// session stands in the profile without it.
const longTerm = "-long-term"

// MFASerial is the MFA device that the files name for the user of profile's key:
// the profile's own, aws-mfa's, that of the profile whose long-term key this is,
// or that of one that takes a role with it. Empty where they name none.
func (s *Set) MFASerial(profile string) string {
	session, _ := strings.CutSuffix(profile, longTerm)
	for _, name := range slices.Compact([]string{profile, session, profile + longTerm}) {
		for _, setting := range []string{"mfa_serial", "aws_mfa_device"} {
			if serial := s.Setting(name, setting); serial != "" {
				return serial
			}
		}
	}
	for _, name := range s.Profiles() {
		if s.Setting(name, "source_profile") == profile {
			if serial := s.Setting(name, "mfa_serial"); serial != "" {
				return serial
			}
		}
	}
	return ""
}
