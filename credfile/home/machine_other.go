//go:build !linux && !darwin && !windows

package home

import "os"

// machineID is what FreeBSD keeps of the hardware's ID.
func machineID() string {
	b, _ := os.ReadFile("/etc/hostid") // none is an empty one
	return string(b)
}
