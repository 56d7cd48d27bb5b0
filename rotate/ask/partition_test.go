package ask

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keycare/credfile"
	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// partitions is a network with an AWS in one partition. The others do not know
// its keys, but for one that does not answer.
type partitions struct {
	iam    *awstest.Server
	knows  string // a part of the names of the hosts of the one
	silent string
}

func (p partitions) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Host
	switch {
	case p.silent != "" && strings.Contains(host, p.silent):
		return nil, io.ErrUnexpectedEOF
	case strings.Contains(host, p.knows), p.knows == client.DefaultRegion && host == "iam.amazonaws.com":
		r = r.Clone(r.Context())
		r.Host, r.URL.Scheme, r.URL.Host = host, "http", strings.TrimPrefix(p.iam.URL(), "http://")
		return http.DefaultTransport.RoundTrip(r)
	}
	const body = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no such key</Message></Error></ErrorResponse>"
	return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{"X-Amzn-Requestid": {"1"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// A key that the partition of the profile does not know is looked for in the
// others before anything is said against it.
func TestKeyOfAnotherPartition(t *testing.T) {
	for name, c := range map[string]struct {
		from, partition, knows, silent string
		region                         string // where it is found
		all                            bool   // every partition has said no
	}{
		"GovCloud, no region":        {from: client.DefaultRegion, partition: "aws-us-gov", knows: "us-gov", region: "us-gov-west-1"},
		"China, no region":           {from: client.DefaultRegion, partition: "aws-cn", knows: ".cn", region: "cn-north-1"},
		"commercial from GovCloud":   {from: "us-gov-east-1", partition: "aws", knows: client.DefaultRegion, region: client.DefaultRegion},
		"where it belongs":           {from: "us-gov-east-1", partition: "aws-us-gov", knows: "us-gov"},
		"nowhere":                    {from: client.DefaultRegion, partition: "aws", knows: "nowhere", all: true},
		"nowhere, and China is shut": {from: client.DefaultRegion, partition: "aws", knows: "nowhere", silent: ".cn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &ward{t: t, iam: awstest.New(t, awstest.Options{AnyRegion: true})}
			w.iam.AddAccount("210987654321", c.partition)
			w.iam.AddUser(awstest.User{Account: "210987654321", Name: "ann"})
			k := w.iam.AddKey("210987654321:ann", time.Now())
			w.profile("a", k)
			q := w.asker()
			q.Connect = func(context.Context, credfile.Paths, string) (*client.AWS, error) {
				return client.FromConfig(aws.Config{Region: c.from, HTTPClient: &http.Client{Transport: partitions{w.iam, c.knows, c.silent}},
					Retryer: func() aws.Retryer { return aws.NopRetryer{} }}), nil
			}
			f := q.Facts(t.Context(), 10*time.Second)[k.ID]
			if f.Region != c.region || f.Partitions != c.all {
				t.Errorf("region %q, all partitions asked %v, want %+v", f.Region, f.Partitions, c)
			}
			if found := c.knows != "nowhere"; found == f.Rejected || found && (f.Identity.Value.Partition() != c.partition || f.Status.Value != "Active") {
				t.Errorf("got %+v", f)
			}
		})
	}
}
