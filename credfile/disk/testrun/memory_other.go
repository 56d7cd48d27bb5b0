//go:build !linux

package testrun

// memory is "": no such disk is there from the start.
func memory() string { return "" }
