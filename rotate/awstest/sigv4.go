package awstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	amzTime    = "20060102T150405Z"
	maxSkew    = 5 * time.Minute
	scopeParts = 5
)

// signature is the Authorization header taken apart. Nothing in it is verified.
type signature struct {
	keyID, day, region, service string
	signed                      []string
	sum                         string
	stamp                       string // X-Amz-Date
	token                       string
}

// parseSignature reads a signature version 4. As much as could be read is returned beside an error, for the call log.
func parseSignature(r *http.Request) (signature, *apiError) {
	var sig signature
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return sig, errorf(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	rest, ok := strings.CutPrefix(auth, algorithm+" ")
	if !ok {
		return sig, errorf(400, "IncompleteSignature", "Unsupported AWS 'algorithm'.")
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != scopeParts || scope[4] != "aws4_request" {
				return sig, errorf(400, "IncompleteSignature", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
			}
			sig.keyID, sig.day, sig.region, sig.service = scope[0], scope[1], scope[2], scope[3]
		case "SignedHeaders":
			sig.signed = strings.Split(value, ";")
		case "Signature":
			sig.sum = value
		}
	}
	sig.stamp = r.Header.Get("X-Amz-Date")
	sig.token = r.Header.Get("X-Amz-Security-Token")
	switch {
	case sig.keyID == "":
		return sig, errorf(400, "IncompleteSignature", "Authorization header requires 'Credential' parameter.")
	case sig.sum == "":
		return sig, errorf(400, "IncompleteSignature", "Authorization header requires 'Signature' parameter.")
	case sig.signed == nil:
		return sig, errorf(400, "IncompleteSignature", "Authorization header requires 'SignedHeaders' parameter.")
	case sig.stamp == "":
		return sig, errorf(400, "IncompleteSignature", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	case !slices.IsSorted(sig.signed):
		return sig, errorf(400, "IncompleteSignature", "SignedHeaders must be sorted.")
	}
	must := []string{"host", "x-amz-date"}
	if sig.token != "" {
		must = append(must, "x-amz-security-token")
	}
	for _, h := range must {
		if !slices.Contains(sig.signed, h) {
			return sig, errorf(403, "SignatureDoesNotMatch", "'%s' must be a 'SignedHeader' in the AWS Authorization.", h)
		}
	}
	if actions[sig.service] == nil && jsonActions[sig.service] == nil {
		return sig, errorf(403, "SignatureDoesNotMatch", "Credential should be scoped to correct service.")
	}
	if !strings.HasPrefix(sig.stamp, sig.day+"T") {
		return sig, errorf(403, "SignatureDoesNotMatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
	}
	return sig, nil
}

// good reports whether the request was signed with secret. The payload hash is taken from the body as received, never
// from a header.
func (q *query) good(secret string) bool {
	sig, r := q.sig, q.http
	var b strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	b.WriteString(r.Method + "\n" + path + "\n" + strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20") + "\n")
	for _, name := range sig.signed {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(sig.signed, ";") + "\n" + hexSum(q.body))

	scope := strings.Join([]string{sig.day, sig.region, sig.service, "aws4_request"}, "/")
	text := strings.Join([]string{algorithm, sig.stamp, scope, hexSum([]byte(b.String()))}, "\n")
	k := mac([]byte("AWS4"+secret), sig.day)
	for _, part := range []string{sig.region, sig.service, "aws4_request", text} {
		k = mac(k, part)
	}
	return hmac.Equal([]byte(hex.EncodeToString(k)), []byte(sig.sum))
}

// headerValue is the canonical value: net/http keeps host and length outside of the header.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	var all []string
	for _, v := range r.Header.Values(name) {
		all = append(all, strings.Join(strings.Fields(v), " "))
	}
	return strings.Join(all, ",")
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(k []byte, text string) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(text))
	return h.Sum(nil)
}
