//go:build !linux

package diskfault

// memory is "": no such disk is there from the start.
func memory() string { return "" }
