package awstest

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"

	"keycare/credfile/sorting"
)

// TrailEvent is a call that CloudTrail tells of, to those that look it up by the key that signed it or by its name.
type TrailEvent struct {
	Account string    // "": DefaultAccount
	KeyID   string    // that signed it
	User    string    // name; may be empty
	At      time.Time // zero: now
	Region  string    // "": where IAM's events are
	Source  string    // "": "iam.amazonaws.com"
	Name    string    // "CreateUser"
	Address string    // "": "127.0.0.1"
	Agent   string    // the User-Agent
	Error   string    // AWS's code, if it refused the call
	// Request and Response are the call's parameters and what it answered.
	Request, Response map[string]any

	id, principal, arn, kind, message, keyResource string
}

// AddEvents has CloudTrail tell of calls that nobody made here. Apart from CreateAccessKey no call to the server becomes
// an event by itself.
func (s *Server) AddEvents(events ...TrailEvent) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		a := s.acct(e.Account)
		e.Account = a.id
		if e.At.IsZero() {
			e.At = now
		}
		if e.Region == "" {
			e.Region = iamRegions[a.partition]
		}
		if e.Source == "" {
			e.Source = "iam.amazonaws.com"
		}
		if e.Address == "" {
			e.Address = "127.0.0.1"
		}
		if u := a.user(e.User); u != nil {
			e.principal, e.arn = u.id, u.arn()
		}
		e.kind, e.id = "IAMUser", requestID()
		s.trail = append(s.trail, e)
	}
}

// recordCreate notes a CreateAccessKey, also one that failed.
func (s *Server) recordCreate(c *caller, out []node, err error) {
	e := TrailEvent{Account: c.acct.id, KeyID: c.key.id, User: c.who.name, At: c.now, Region: iamRegions[c.acct.partition], Source: "iam.amazonaws.com",
		Name: "CreateAccessKey", Address: "127.0.0.1", Agent: c.http.UserAgent(),
		id: requestID(), principal: c.key.callerID(), arn: c.key.callerARN(), kind: map[kind]string{kindUser: "IAMUser", kindRoot: "Root", kindRole: "AssumedRole"}[c.who.kind]}
	if name := c.form.Get("UserName"); name != "" {
		e.Request = map[string]any{"userName": name}
	}
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		e.Error, e.message = refused.code, refused.msg
	case err == nil:
		key := map[string]any{}
		for _, n := range out[0].kids {
			switch n.name {
			case "UserName":
				key["userName"] = n.text
			case "AccessKeyId":
				key["accessKeyId"], e.keyResource = n.text, n.text
			case "Status":
				key["status"] = n.text
			case "CreateDate":
				key["createDate"] = c.now.UTC().Format("Jan 2, 2006 3:04:05 PM")
			}
		}
		e.Response = map[string]any{"accessKey": key}
	}
	s.trail = append(s.trail, e)
}

// record is the event's own text.
func (e TrailEvent) record() string {
	who := map[string]any{"type": e.kind, "principalId": e.principal, "arn": e.arn, "accountId": e.Account, "accessKeyId": e.KeyID}
	if e.kind == "IAMUser" {
		who["userName"] = e.User
	}
	all := map[string]any{
		"eventVersion": "1.11", "userIdentity": who, "eventTime": e.At.UTC().Format(isoTime),
		"eventSource": e.Source, "eventName": e.Name, "awsRegion": e.Region,
		"sourceIPAddress": e.Address, "userAgent": e.Agent, "requestParameters": nil, "responseElements": nil,
		"requestID": requestID(), "eventID": e.id, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
		"recipientAccountId": e.Account, "eventCategory": "Management",
	}
	if e.Request != nil {
		all["requestParameters"] = e.Request
	}
	if e.Response != nil {
		all["responseElements"] = e.Response
	}
	if e.Error != "" {
		all["errorCode"], all["errorMessage"] = e.Error, e.message
	}
	b, err := json.Marshal(all)
	if err != nil {
		panic("awstest: " + err.Error())
	}
	return string(b)
}

// lookedUp is what an event has under the attribute that a question names; by those attributes it can be asked for.
var lookedUp = map[string]func(TrailEvent) string{
	"EventName":   func(e TrailEvent) string { return e.Name },
	"AccessKeyId": func(e TrailEvent) string { return e.KeyID },
}

// lookupEvents answers with events, the newest first. It is asked under the server's lock.
func (s *Server) lookupEvents(c *caller) reply {
	var in struct {
		LookupAttributes   []struct{ AttributeKey, AttributeValue string }
		StartTime, EndTime *float64
		MaxResults         *int
		NextToken          *string
		EventCategory      *string
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return jsonFailure(errorf(400, "SerializationException", "%v", err))
	}
	var attribute func(TrailEvent) string
	if len(in.LookupAttributes) == 1 {
		attribute = lookedUp[in.LookupAttributes[0].AttributeKey]
	}
	if attribute == nil {
		return jsonFailure(errorf(400, "InvalidLookupAttributesException", "Only EventName or AccessKeyId, one of them, is known here."))
	}
	most := 50
	if in.MaxResults != nil {
		most = *in.MaxResults
	}
	if most < 1 || most > 50 {
		return jsonFailure(errorf(400, "InvalidMaxResultsException", "MaxResults must be between 1 and 50."))
	}
	seconds := func(t time.Time) float64 { return float64(t.UnixNano()) / float64(time.Second) }
	var shown []TrailEvent
	for _, e := range s.trail {
		if e.Account == c.acct.id && c.sig.region == e.Region && attribute(e) == in.LookupAttributes[0].AttributeValue &&
			!c.now.Before(e.At.Add(s.timing.trail)) && !e.At.Before(c.now.AddDate(0, 0, -90)) &&
			(in.StartTime == nil || seconds(e.At) >= math.Floor(*in.StartTime)) && (in.EndTime == nil || seconds(e.At) <= *in.EndTime) {
			shown = append(shown, e)
		}
	}
	sorting.By(shown, func(a, b TrailEvent) int { return a.At.Compare(b.At) })
	from := 0
	if in.NextToken != nil {
		n, err := strconv.Atoi(*in.NextToken)
		if err != nil || n < 0 || n > len(shown) {
			return jsonFailure(errorf(400, "InvalidNextTokenException", "Invalid NextToken."))
		}
		from = n
	}
	out := map[string]any{}
	events := []any{}
	for i := len(shown) - 1 - from; i >= 0 && len(events) < most; i-- {
		e := shown[i]
		resources := []any{}
		if e.keyResource != "" {
			resources = append(resources, map[string]any{"ResourceType": "AWS::IAM::AccessKey", "ResourceName": e.keyResource})
		}
		events = append(events, map[string]any{
			"EventId": e.id, "EventName": e.Name, "EventSource": e.Source, "EventTime": e.At.Unix(),
			"ReadOnly": "false", "Username": e.User, "AccessKeyId": e.KeyID, "Resources": resources, "CloudTrailEvent": e.record(),
		})
	}
	if from+len(events) < len(shown) {
		out["NextToken"] = strconv.Itoa(from + len(events))
	}
	out["Events"] = events
	return jsonReply(200, "", out)
}
