package rotate

import (
	"context"
	"os"
	"testing"
	"time"
)

// A program is writing the file in place as a rotation begins: one look at half a
// file is not the end.
func TestTornFileInThePreflight(t *testing.T) {
	for name, torn := range map[string]string{"empty": "", "half": "# mine\r\n[default]\r\naws_access_key_id = "} {
		w := newWorld(t)
		whole := w.read(w.paths.Credentials)
		if err := os.WriteFile(w.paths.Credentials, []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
		o := w.options()
		o.Wait = func(ctx context.Context, d time.Duration) error {
			if w.read(w.paths.Credentials) == torn {
				if err := os.WriteFile(w.paths.Credentials, []byte(whole), 0o600); err != nil {
					t.Error(err)
				}
			}
			return w.clock.Wait(ctx, d)
		}
		results, err := New(*o).Rotate(t.Context(), "default")
		if err != nil || results[0].Outcome != Rotated {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
		w.finish()
	}
}
