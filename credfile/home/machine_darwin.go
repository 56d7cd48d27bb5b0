package home

import (
	"context"
	"os/exec"
	"time"

	"keycare/credfile/pattern"
)

var platformUUID = pattern.Of(`"IOPlatformUUID" = "([0-9A-Fa-f-]+)"`)

// machineID is the UUID of the hardware, which only the registry of devices has.
func machineID() string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice").Output()
	if m := platformUUID().FindSubmatch(out); err == nil && m != nil {
		return string(m[1])
	}
	return ""
}
