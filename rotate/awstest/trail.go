package awstest

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// CloudTrail speaks JSON, with the action in a header.
const (
	trailService = "cloudtrail"
	trailTarget  = "CloudTrail_20131101."
)

var errBadTrailToken = errorf(400, "UnrecognizedClientException", "The security token included in the request is invalid.")

// event is one call of CreateAccessKey as CloudTrail tells of it.
type event struct {
	acct        *account
	at          time.Time
	id, user    string
	signer      string // key ID
	record      string // JSON
	keyResource string
}

// recordCreate notes a CreateAccessKey, also one that failed.
func (s *Server) recordCreate(c *caller, out []node, err error) {
	e := event{acct: c.acct, at: c.now, id: requestID(), user: c.who.name, signer: c.key.id}
	identity := map[string]any{"principalId": c.key.callerID(), "arn": c.key.callerARN(), "accountId": c.acct.id, "accessKeyId": c.key.id}
	switch c.who.kind {
	case kindUser:
		identity["type"], identity["userName"] = "IAMUser", c.who.name
	case kindRoot:
		identity["type"] = "Root"
	case kindRole:
		identity["type"] = "AssumedRole"
	}
	record := map[string]any{
		"eventVersion": "1.11", "userIdentity": identity, "eventTime": c.now.UTC().Format(isoTime),
		"eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey", "awsRegion": iamRegions[c.acct.partition],
		"sourceIPAddress": "127.0.0.1", "userAgent": c.http.UserAgent(), "requestParameters": nil, "responseElements": nil,
		"requestID": requestID(), "eventID": e.id, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
		"recipientAccountId": c.acct.id, "eventCategory": "Management",
	}
	if name := c.form.Get("UserName"); name != "" {
		record["requestParameters"] = map[string]any{"userName": name}
	}
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		record["errorCode"], record["errorMessage"] = refused.code, refused.msg
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
		record["responseElements"] = map[string]any{"accessKey": key}
	}
	b, jerr := json.Marshal(record)
	if jerr != nil {
		panic("awstest: " + jerr.Error())
	}
	e.record = string(b)
	s.trail = append(s.trail, e)
}

// lookupEvents answers with the events of one name, the newest first. It is asked under the server's lock.
func (s *Server) lookupEvents(c *caller) reply {
	var in struct {
		LookupAttributes   []struct{ AttributeKey, AttributeValue string }
		StartTime, EndTime *float64
		MaxResults         *int
		NextToken          *string
		EventCategory      *string
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return trailFailure(errorf(400, "SerializationException", "%v", err))
	}
	if len(in.LookupAttributes) != 1 || in.LookupAttributes[0].AttributeKey != "EventName" {
		return trailFailure(errorf(400, "InvalidLookupAttributesException", "Only EventName is known here."))
	}
	most := 50
	if in.MaxResults != nil {
		most = *in.MaxResults
	}
	if most < 1 || most > 50 {
		return trailFailure(errorf(400, "InvalidMaxResultsException", "MaxResults must be between 1 and 50."))
	}
	seconds := func(t time.Time) float64 { return float64(t.UnixNano()) / float64(time.Second) }
	var shown []event
	for _, e := range s.trail {
		if e.acct == c.acct && c.sig.region == iamRegions[c.acct.partition] && in.LookupAttributes[0].AttributeValue == "CreateAccessKey" &&
			!c.now.Before(e.at.Add(s.timing.trail)) &&
			(in.StartTime == nil || seconds(e.at) >= math.Floor(*in.StartTime)) && (in.EndTime == nil || seconds(e.at) <= *in.EndTime) {
			shown = append(shown, e)
		}
	}
	from := 0
	if in.NextToken != nil {
		n, err := strconv.Atoi(*in.NextToken)
		if err != nil || n < 0 || n > len(shown) {
			return trailFailure(errorf(400, "InvalidNextTokenException", "Invalid NextToken."))
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
			"EventId": e.id, "EventName": "CreateAccessKey", "EventSource": "iam.amazonaws.com", "EventTime": e.at.Unix(),
			"ReadOnly": "false", "Username": e.user, "AccessKeyId": e.signer, "Resources": resources, "CloudTrailEvent": e.record,
		})
	}
	if from+len(events) < len(shown) {
		out["NextToken"] = strconv.Itoa(from + len(events))
	}
	out["Events"] = events
	return trailReply(200, "", out)
}

func trailFailure(e *apiError) reply {
	return trailReply(e.status, e.code, map[string]any{"__type": e.code, "message": e.msg})
}

func trailReply(status int, code string, body any) reply {
	b, err := json.Marshal(body)
	if err != nil {
		panic("awstest: " + err.Error())
	}
	return reply{status: status, code: code, id: requestID(), kind: "application/x-amz-json-1.1", body: b}
}
