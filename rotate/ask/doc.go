// Package ask asks AWS what an audit wants to know about the keys of the shared
// files: whose each is, how old, how used, and how its user and account are kept.
// It makes only calls that read, and none for a key that is planted or barred.
// What is not known says why.
package ask
