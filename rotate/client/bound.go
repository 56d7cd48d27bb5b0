package client

import (
	"context"
	"net/http"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// MostReply bounds a reply, in bytes: what comes from a proxy or a false endpoint
// must not fill the memory. IAM's pages are far smaller.
const MostReply = 1 << 20

// mostLong bounds the credential report, which has a row for each user of the account
// (at most 5000) in one reply, and a page of CloudTrail's, which has 50 records.
const mostLong = 16 << 20

var longReplies = map[string]bool{"GetCredentialReport": true, "LookupEvents": true}

// bounded ends a reply that is too long with an error.
func bounded(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("bounded",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, md, err := next.HandleDeserialize(ctx, in)
			if r, ok := out.RawResponse.(*smithyhttp.Response); ok && r != nil && r.Body != nil {
				most := int64(MostReply)
				if longReplies[awsmiddleware.GetOperationName(ctx)] {
					most = mostLong
				}
				r.Body = http.MaxBytesReader(nil, r.Body, most)
			}
			return out, md, err
		}), middleware.After)
}
