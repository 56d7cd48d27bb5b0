package client

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// reachTimeout bounds one look for the network.
const reachTimeout = 10 * time.Second

// Where names the way: calls of two ways with the same name go to the same place.
func (a *AWS) Where() string { return a.config.Region + " " + aws.ToString(a.config.BaseEndpoint) }

// Reaches asks STS one question that no key signs: nil if anything answers. A
// refusal is an answer; the error says why nothing came back.
func (a *AWS) Reaches(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	_, err := sts.NewFromConfig(a.unsigned(), func(o *sts.Options) { o.Retryer = aws.NopRetryer{} }).
		GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() != 0 {
		return nil
	}
	return err
}
