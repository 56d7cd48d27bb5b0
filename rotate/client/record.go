package client

import (
	"encoding/json"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"keycare/credfile/facts"
	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

// record is what is kept of an event of CloudTrail. All of its texts are short, can be
// shown, and are no secret: a thief writes some of them, and others write secrets where
// none belong.
type record struct {
	at                                           time.Time
	address, agent, region, service, name, error string
	session                                      *facts.Session
	change                                       *facts.Change
}

func (r record) call() string { return r.service + ":" + r.name }

// rawRecord is the part of a record that is read. Session tokens stand in it, too.
// Source: CloudTrail User Guide, "CloudTrail record contents".
type rawRecord struct {
	EventTime, EventSource, EventName, AWSRegion, SourceIPAddress, UserAgent, ErrorCode string
	RequestParameters, ResponseElements                                                 map[string]any
}

// span is the time in which an event can have happened. An event may say anything; no
// sentence and no document is to hold the year 1, or one that JSON has not.
type span struct{ from, to time.Time }

// spanOf is that of the events which AWS told of at a time.
func spanOf(told time.Time) span {
	return span{told.Add(-trailKeeps - 24*time.Hour), told.Add(trailLate)}
}

// trailLate is how much later than AWS's answer an event may claim to be.
const trailLate = 15 * time.Minute

// within is t if it lies in the span, and so much longer; else it is not known.
func (s span) within(t time.Time, longer time.Duration) time.Time {
	if t.Before(s.from) || t.After(s.to.Add(longer)) {
		return time.Time{}
	}
	return t
}

// recordOf reads an event of a region.
func recordOf(e types.Event, region string, can span) record {
	var raw rawRecord
	var typed *json.UnmarshalTypeError // then the rest was read
	if err := json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &raw); err != nil && !errors.As(err, &typed) {
		raw = rawRecord{}
	}
	source, name := aws.ToString(e.EventSource), aws.ToString(e.EventName)
	if raw.EventSource != "" {
		source, name = raw.EventSource, raw.EventName
	}
	r := record{at: can.within(aws.ToTime(e.EventTime), 0), address: addressOf(raw.SourceIPAddress), agent: productOf(raw.UserAgent), region: region,
		service: matching(serviceName(), strings.TrimSuffix(source, ".amazonaws.com")), name: matching(eventName(), name), error: raw.ErrorCode}
	if at := can.within(recordTime(raw.EventTime), 0); !at.IsZero() {
		r.at = at
	}
	if regionName().MatchString(raw.AWSRegion) {
		r.region = raw.AWSRegion
	}
	r.session = r.sessionOf(raw, can)
	r.change = r.changeOf(raw)
	return r
}

var (
	serviceName = pattern.Of(`^[a-z][a-z0-9.-]{0,39}$`)
	eventName   = pattern.Of(`^[A-Z][A-Za-z0-9_]{0,79}$`)
	regionName  = pattern.Of(`^[a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$`)
	awsHost     = pattern.Of(`^[a-z0-9][a-z0-9.-]{0,59}\.amazonaws\.com(\.cn)?$`)
	entityName  = pattern.Of(`^[A-Za-z0-9_+=,.@/-]{1,128}$`)
	entityARN   = pattern.Of(`^arn:[a-z0-9-]{1,20}:[a-z0-9-]{1,20}:[a-z0-9-]{0,20}:([0-9]{12}|aws)?:[A-Za-z0-9_+=,.@:/-]{1,256}$`)
)

// other stands for a text that is not what it should be.
const other = "other"

func matching(shape *regexp.Regexp, s string) string {
	if !shape.MatchString(s) || show.SecretLike(s) {
		return other
	}
	return s
}

// addressOf is the address that a call came from, or the service of AWS that made it.
func addressOf(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.WithZone("").String()
	}
	switch {
	case s == "AWS Internal":
		return s
	case awsHost().MatchString(s) && !show.SecretLike(s):
		return s
	}
	return other
}

// sessionCalls are the calls that give out credentials, and how long these last where
// nothing else is said. Source: STS API reference.
var sessionCalls = map[string]time.Duration{
	"AssumeRole": time.Hour, "AssumeRoot": 15 * time.Minute, "GetSessionToken": 12 * time.Hour, "GetFederationToken": 12 * time.Hour,
}

// longestSession is the longest life of them. Source: STS API reference, GetSessionToken.
const longestSession = 36 * time.Hour

// sessionOf is the session that the call gave out; nil if it gave none.
func (r record) sessionOf(raw rawRecord, can span) *facts.Session {
	life, gives := sessionCalls[r.name]
	if !gives || r.service != "sts" || r.error != "" {
		return nil
	}
	s := &facts.Session{Kind: r.name, Address: r.address, Region: r.region, At: r.at}
	if role := text(raw.RequestParameters, "roleArn"); entityARN().MatchString(role) && !show.SecretLike(role) {
		s.Role = role
	} else if account := text(raw.RequestParameters, "targetPrincipal"); entityName().MatchString(account) && !show.SecretLike(account) {
		s.Role = account
	} else if name := text(raw.RequestParameters, "name"); entityName().MatchString(name) && !show.SecretLike(name) {
		s.Role = name
	}
	if id := text(raw.ResponseElements, "credentials", "accessKeyId"); show.IsKeyID(id) {
		s.KeyID = id
	}
	if seconds, ok := raw.RequestParameters["durationSeconds"].(float64); ok && seconds > 0 && seconds <= longestSession.Seconds() {
		life = time.Duration(seconds) * time.Second
	}
	end := can.within(recordTime(text(raw.ResponseElements, "credentials", "expiration")), longestSession)
	switch {
	case r.at.IsZero():
		s.Until = end
	case end.After(r.at) && end.Sub(r.at) <= longestSession+trailLate:
		s.Until = end
	default:
		s.Until = r.at.Add(life)
	}
	return s
}

// recordTime reads a time as services write it into their records; zero if it is none.
func recordTime(s string) time.Time {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, ",", " ")), " ") // some have a narrow space
	for _, layout := range []string{"Jan 2 2006 3:04:05 PM", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// text is a text deep in a record; empty if there is none.
func text(in map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		in, _ = in[name].(map[string]any)
	}
	s, _ := in[path[len(path)-1]].(string)
	return s
}

// changeOf is the call as one that a thief makes; nil if it is none of those.
func (r record) changeOf(raw rawRecord) *facts.Change {
	// Some services write the version of their interface behind a name.
	name := versionSuffix().ReplaceAllString(r.name, "")
	if !thiefCalls[r.service+":"+name] {
		return nil
	}
	return &facts.Change{Call: r.service + ":" + name, Subject: subjectOf(raw), Address: r.address, Region: r.region,
		First: r.at, Last: r.at, Count: 1, Failed: r.error != ""}
}

var versionSuffix = pattern.Of(`[0-9]{8}(v[0-9])?$`)

// subjects are the parameters that say what a call was about, in the order in which
// they are named.
var subjects = []struct{ parameter, word string }{
	{"userName", "user"}, {"groupName", "group"}, {"roleName", "role"}, {"policyName", "policy"}, {"policyArn", "policy"},
	{"accessKeyId", "key"}, {"serialNumber", "MFA device"}, {"functionName", "function"}, {"stackName", "stack"}, {"clusterName", "cluster"},
	{"bucketName", "bucket"}, {"secretId", "secret"}, {"keyId", "key"}, {"instanceType", "type"}, {"modelId", "model"},
	{"roleArn", "role"}, {"role", "role"}, {"name", "name"},
}

// mostSubject bounds how many things of one call are named.
const mostSubject = 3

func subjectOf(raw rawRecord) string {
	var parts []string
	add := func(word, value string) {
		shape := entityName
		if strings.HasPrefix(value, "arn:") {
			shape = entityARN
		}
		if len(parts) < mostSubject && shape().MatchString(value) && !show.SecretLike(value) {
			parts = append(parts, word+" "+value)
		}
	}
	for _, s := range subjects {
		add(s.word, text(raw.RequestParameters, s.parameter))
	}
	if id := text(raw.ResponseElements, "accessKey", "accessKeyId"); show.IsKeyID(id) {
		add("key", id)
	}
	return strings.Join(parts, ", ")
}
