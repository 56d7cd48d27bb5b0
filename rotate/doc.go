// Package rotate replaces an IAM user's access key by a new one and keeps one
// promise: whatever fails, whenever, the user still has a working key and can
// see what happened and finish it.
//
// A rotation is a loop: what is seen (observed) and what was decided (the journal) go
// into a pure function, next, which names the step to take; a crash at any
// point is followed by the same loop in a later run (Resume). Two decisions,
// undo and retire, are written to disk before they are acted on and bind every
// later run. Everything else is read from the files and from IAM each time.
//
// The package is the cycle alone. What outlives a run is kept by state, calls to
// AWS are made by client. It prints nothing.
package rotate
