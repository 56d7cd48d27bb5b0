package report

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"keycare/credfile/show"
)

// plainText is what a file of JSON says without the mark of its encoding: PowerShell
// writes UTF-16 where a report is redirected to a file.
func plainText(b []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return filled(b[3:])
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		order = binary.BigEndian
	case bytes.HasPrefix(b, []byte("\x1f\x8b")), bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("\x28\xb5\x2f\xfd")):
		return nil, errors.New("not a keycare JSON report: it is compressed; unpack it first")
	default:
		return filled(b)
	}
	units := make([]uint16, len(b)/2-1)
	for i := range units {
		units[i] = order.Uint16(b[2*i+2:])
	}
	return filled([]byte(string(utf16.Decode(units))))
}

func filled(b []byte) ([]byte, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, errors.New("not a keycare JSON report: it is empty")
	}
	return b, nil
}

// What a text of a report has at most, in bytes; a limit, in days; a count.
const mostBytes, mostDays, mostCounted = 16 << 10, 36500, 1_000_000_000

// awsBegan is before all keys.
var awsBegan = time.Date(2006, time.January, 1, 0, 0, 0, 0, time.UTC)

// hold leaves of a report, which anybody may have written, what has the form of
// keycare's own. Findings are check's matter.
func (r *Report) hold() {
	for i := range r.Findings {
		r.Findings[i].Repair.hold()
	}
	for i := range r.Accepted {
		r.Accepted[i].Repair.hold()
	}
	bound(reflect.ValueOf(r).Elem())
	r.Policy.MaxAge, r.Policy.MaxUnused = limitOf(r.Policy.MaxAge, DefaultMaxAge), limitOf(r.Policy.MaxUnused, DefaultMaxUnused)
	maps.DeleteFunc(r.SeveritySet, func(rule string, _ Severity) bool { return !isRuleID(rule) })
	for i := range r.Inventory {
		r.Inventory[i].hold()
	}
	for i := range r.Rotations {
		r.Rotations[i].Old, r.Rotations[i].New = shownID(r.Rotations[i].Old), shownID(r.Rotations[i].New)
	}
	r.Trend = slices.DeleteFunc(r.Trend, func(p Point) bool { return p.Time.IsZero() })
	r.Trend = r.Trend[max(0, len(r.Trend)-MostPoints):]
	if r.Changes != nil {
		r.Changes.Gone = slices.DeleteFunc(r.Changes.Gone, func(g Gone) bool {
			return !isRuleID(g.Rule) || !isFingerprint(g.Fingerprint) || g.Severity < Info || g.Severity > Critical
		})
		for i := range r.Changes.Gone {
			g := &r.Changes.Gone[i]
			g.KeyID, g.Account, g.FirstSeen = shownID(g.KeyID), accountID(g.Account), seenSince(g.FirstSeen, r.Time)
		}
	}
}

func (k *Key) hold() {
	k.ID, k.Account, k.Created, k.Due = shownID(k.ID), accountID(k.Account), sinceAWS(k.Created), sinceAWS(k.Due)
	k.LastUsed = k.LastUsed.held()
	for i := range k.Others {
		o := &k.Others[i]
		o.ID, o.Created, o.LastUsed = shownID(o.ID), sinceAWS(o.Created), o.LastUsed.held()
	}
	if k.Replaces != nil {
		k.Replaces.ID = shownID(k.Replaces.ID)
	}
	if c := k.Calls; c != nil && (c.Since.IsZero() || c.Until.Before(c.Since)) {
		k.Calls = nil
	}
}

// held is nil for a use that does not say when it was.
func (u *KeyUse) held() *KeyUse {
	if u != nil && !u.Never && sinceAWS(u.At).IsZero() {
		return nil
	}
	return u
}

// hold leaves a command out that bound would cut: half of one is another one.
func (r *Repair) hold() {
	if len(r.Command) > mostBytes {
		r.Command = ""
	}
}

func limitOf(days float64, usual time.Duration) float64 {
	if days > 0 && days <= mostDays {
		return days
	}
	return inDays(usual)
}

func sinceAWS(t time.Time) time.Time {
	if t.Before(awsBegan) {
		return time.Time{}
	}
	return t
}

// seenSince is when a finding of a report of that time was seen first.
func seenSince(first, at time.Time) time.Time {
	if first.IsZero() || first.After(at) {
		return at
	}
	return first
}

// shownID is an ID that may be shown; empty for what is none.
func shownID(id string) string {
	if show.IsKeyID(id) {
		return id
	}
	return ""
}

// accountID is empty for what is no account's.
func accountID(id string) string {
	if len(id) != 12 || strings.Trim(id, "0123456789") != "" {
		return ""
	}
	return id
}

func isRuleID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func isFingerprint(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// bound cuts the texts below v that are too long, and the counts that are none.
func bound(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); len(s) > mostBytes && v.CanSet() {
			v.SetString(strings.ToValidUTF8(s[:mostBytes], "") + "…")
		}
	case reflect.Int:
		if v.Type() == reflect.TypeFor[int]() && v.CanSet() {
			v.SetInt(min(max(v.Int(), 0), mostCounted))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				bound(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			bound(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			bound(v.Elem())
		}
	}
}
