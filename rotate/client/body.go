package client

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// plainBody hides from the transport that the body of a request can write itself. The
// SDK closes the body as soon as the reply begins. Where that is before the transport has
// looked whether more follows, as after a long request, the body's WriteTo then fails
// with io.EOF, and the transport takes that for a failed request and closes the
// connection, in the middle of the reply. Read says io.EOF as well, which is no failure.
func plainBody(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("plainBody",
		func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
			if r, ok := in.Request.(*smithyhttp.Request); ok {
				if body, ok := r.GetStream().(io.ReadSeeker); ok {
					plain, err := r.SetStream(struct{ io.ReadSeeker }{body})
					if err != nil {
						return middleware.BuildOutput{}, middleware.Metadata{}, fmt.Errorf("preparing the request: %w", err)
					}
					in.Request = plain
				}
			}
			return next.HandleBuild(ctx, in)
		}), middleware.Before)
}
