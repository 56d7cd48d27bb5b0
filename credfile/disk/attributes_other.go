//go:build !linux && !darwin

package disk

// keepAttributes has nothing to do: a replacement on Windows keeps the access
// list (ReplaceFileW).
func keepAttributes(from, to string) error { return nil }
