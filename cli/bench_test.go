package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkAuditProcess is the wall time of the whole program, and of an empty
// one that links the same packages.
func BenchmarkAuditProcess(b *testing.B) {
	exe, err := exec.LookPath("keycare") // put there by testscript.Main
	if err != nil {
		b.Fatal(err)
	}
	b.Run("empty program", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command(filepath.Join(filepath.Dir(exe), "nothing")).Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, profiles := range []int{10, 10_000, 100_000} {
		b.Run(fmt.Sprintf("offline, %d profiles", profiles), func(b *testing.B) {
			home := b.TempDir()
			if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(home, ".aws", "credentials"), manyProfiles(profiles), 0o600); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				cmd := exec.Command(exe, "audit", "--offline", "--fail-on", "none", "--format", "json")
				cmd.Env = []string{"HOME=" + home, "USERPROFILE=" + home, "XDG_STATE_HOME=" + home, "XDG_CONFIG_HOME=" + home}
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				if err := cmd.Run(); err != nil {
					b.Fatal(err, stderr.String())
				}
				b.ReportMetric(float64(maxRSS(cmd))/(1<<20), "MB-peak")
			}
		})
	}
}

// manyProfiles is a credentials file of n profiles with a key each, about 120
// bytes a profile.
func manyProfiles(n int) []byte {
	var b bytes.Buffer
	digits := "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	for i := range n {
		id := []byte("AKIAQAAAAAAAQAAAAAAA")
		for at, v := len(id)-1, i; v > 0; at, v = at-1, v/32 {
			id[at] = digits[v%32]
		}
		fmt.Fprintf(&b, "[profile-%d]\naws_access_key_id = %s\naws_secret_access_key = %s%08d\n\n", i, id, strings.Repeat("s", 32), i)
	}
	return b.Bytes()
}
