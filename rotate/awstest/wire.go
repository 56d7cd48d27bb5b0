package awstest

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	iamSpace = "https://iam.amazonaws.com/doc/2010-05-08/"
	stsSpace = "https://sts.amazonaws.com/doc/2011-06-15/"
	isoTime  = "2006-01-02T15:04:05Z"
)

// query is one request as it came in. refused is why it cannot even be looked at.
type query struct {
	http    *http.Request
	body    []byte
	form    url.Values
	sig     signature
	refused *apiError
}

func (q *query) action() string {
	switch q.service() {
	case trailService:
		return strings.TrimPrefix(q.http.Header.Get("X-Amz-Target"), trailTarget)
	case accountService:
		name := strings.TrimPrefix(q.http.URL.Path, "/")
		return strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
	}
	return q.form.Get("Action")
}

// service is the one the request was signed for; a request without a usable signature is sorted by its API version.
func (q *query) service() string {
	if q.sig.service != "" {
		return q.sig.service
	}
	if q.form.Get("Version") == "2011-06-15" {
		return "sts"
	}
	return "iam"
}

func (q *query) space() string {
	if q.service() == "sts" {
		return stsSpace
	}
	return iamSpace
}

// reply is what goes out, still without the headers that depend on the clock.
type reply struct {
	status int
	code   string // of an error
	id     string
	kind   string
	body   []byte
}

// apiError is a refusal in AWS's words.
type apiError struct {
	status    int
	code, msg string
}

func (e *apiError) Error() string { return e.code + ": " + e.msg }

func errorf(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, msg: fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) *apiError {
	return errorf(404, "NoSuchEntity", format, args...)
}

func invalid(format string, args ...any) *apiError {
	return errorf(400, "ValidationError", format, args...)
}

var errMalformed = errorf(400, "MalformedInput", "The request body is not a POST form.")

// node is an element of a reply: text or children.
type node struct {
	name, text string
	kids       []node
}

func leaf(name, text string) node { return node{name: name, text: text} }

func tree(name string, kids ...node) node { return node{name: name, kids: kids} }

func date(name string, t time.Time) node { return leaf(name, t.UTC().Format(isoTime)) }

func number(name string, n int) node { return leaf(name, strconv.Itoa(n)) }

func flag(name string, b bool) node { return leaf(name, strconv.FormatBool(b)) }

// members is AWS's list shape.
func members[T any](name string, items []T, one func(T) node) node {
	list := tree(name)
	for _, it := range items {
		n := one(it)
		n.name = "member"
		list.kids = append(list.kids, n)
	}
	return list
}

func (n node) write(b *bytes.Buffer, attr string) {
	fmt.Fprintf(b, "<%s%s>", n.name, attr)
	if n.kids == nil {
		xml.EscapeText(b, []byte(n.text))
	} else {
		b.WriteByte('\n')
		for _, k := range n.kids {
			k.write(b, "")
		}
	}
	fmt.Fprintf(b, "</%s>\n", n.name)
}

func document(root node, space string) []byte {
	var b bytes.Buffer
	root.write(&b, fmt.Sprintf(" xmlns=%q", space))
	return b.Bytes()
}

// success wraps a result. An action without one (out is nil) has no result element at all, as at AWS.
func success(q *query, out []node) reply {
	id := requestID()
	root := tree(q.action() + "Response")
	if out != nil {
		root.kids = append(root.kids, tree(q.action()+"Result", out...))
	}
	root.kids = append(root.kids, tree("ResponseMetadata", leaf("RequestId", id)))
	return reply{status: 200, id: id, kind: "text/xml", body: document(root, q.space())}
}

func failure(q *query, e *apiError) reply {
	if q.json() {
		return jsonFailure(e)
	}
	id := requestID()
	who := "Sender"
	if e.status >= 500 {
		who = "Receiver"
	}
	root := tree("ErrorResponse",
		tree("Error", leaf("Type", who), leaf("Code", e.code), leaf("Message", e.msg)),
		leaf("RequestId", id))
	return reply{status: e.status, code: e.code, id: id, kind: "text/xml", body: document(root, q.space())}
}

func (s *Server) send(w http.ResponseWriter, rep reply) {
	h := w.Header()
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("Content-Type", rep.kind)
	h.Set("Content-Length", strconv.Itoa(len(rep.body)))
	if rep.id != "" {
		h.Set("X-Amzn-Requestid", rep.id)
	}
	w.WriteHeader(rep.status)
	w.Write(rep.body)
}

// drop ends the connection without a reply; with reset the peer sees a TCP RST instead of an orderly end.
func drop(w http.ResponseWriter, reset bool) {
	hj, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hj.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
	conn.Close()
}

func requestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
