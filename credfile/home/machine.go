package home

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
)

// Machine is the machine that keycare runs on.
type Machine struct {
	Name string
	// ID is the same as long as the system is not installed anew. It is made of the
	// system's own ID for the machine, which it does not tell; empty where there is
	// none.
	ID string
}

// ReadMachine looks at this machine.
func ReadMachine() Machine {
	name, _ := os.Hostname() // without one it is empty
	return Machine{name, hashed(strings.ToLower(strings.TrimSpace(machineID())))}
}

// hashed is an ID that other programs, which know the machine's, cannot join with
// theirs without meaning to.
func hashed(id string) string {
	if id == "" || id == "uninitialized" {
		return ""
	}
	sum := hmac.New(sha256.New, []byte(id))
	sum.Write([]byte("keycare"))
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
