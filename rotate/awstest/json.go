package awstest

import "encoding/json"

// CloudTrail and the account service speak JSON: the first with the action in a header, the other with the action as the
// path.
const (
	trailService   = "cloudtrail"
	trailTarget    = "CloudTrail_20131101."
	accountService = "account"
)

// jsonActions is what the server can do of those. It is done under its lock.
var jsonActions = map[string]map[string]func(*Server, *caller) reply{
	trailService:   {"LookupEvents": (*Server).lookupEvents},
	accountService: {"GetAlternateContact": (*Server).getAlternateContact},
}

var errBadJSONToken = errorf(400, "UnrecognizedClientException", "The security token included in the request is invalid.")

// json reports whether the request is to a service that speaks JSON.
func (q *query) json() bool { return jsonActions[q.service()] != nil }

func jsonFailure(e *apiError) reply {
	return jsonReply(e.status, e.code, map[string]any{"__type": e.code, "message": e.msg})
}

func jsonReply(status int, code string, body any) reply {
	b, err := json.Marshal(body)
	if err != nil {
		panic("awstest: " + err.Error())
	}
	return reply{status: status, code: code, id: requestID(), kind: "application/x-amz-json-1.1", body: b}
}

// SetSecurityContact gives an account ("": DefaultAccount) an alternate contact for security, or takes it away.
func (s *Server) SetSecurityContact(account string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acct(account).contact = on
}

func (s *Server) getAlternateContact(c *caller) reply {
	var in struct{ AccountId, AlternateContactType string }
	if err := json.Unmarshal(c.body, &in); err != nil || in.AlternateContactType != "SECURITY" || in.AccountId != "" {
		return jsonFailure(errorf(400, "ValidationException", "Only the caller's own contact of the type SECURITY is known here."))
	}
	if !c.acct.contact {
		return jsonFailure(errorf(404, "ResourceNotFoundException", "No contact of the inputted alternate contact type found."))
	}
	return jsonReply(200, "", map[string]any{"AlternateContact": map[string]string{"AlternateContactType": "SECURITY",
		"Name": "Security Team", "Title": "CISO", "EmailAddress": "security@example.com", "PhoneNumber": "+15550100"}})
}
