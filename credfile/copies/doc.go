// Package copies finds AWS keys in other places than the AWS files: in the text
// of files in every form in which programs write them, in archives, and, with the
// package gitobj, in the history of Git repositories. It knows no AWS and tells
// nothing but where a key stands: no secret, no text around it and no hash of
// either leaves it.
package copies
