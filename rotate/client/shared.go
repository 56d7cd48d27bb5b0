package client

import (
	"context"
	"strings"
	"sync"

	"keycare/credfile"
)

// reachSettings are the settings of a profile that decide how AWS is reached.
var reachSettings = []string{
	"region", "endpoint_url", "services", "ca_bundle", "use_fips_endpoint", "use_dualstack_endpoint",
	"sts_regional_endpoints", "ignore_configured_endpoint_urls", "defaults_mode", "retry_mode", "max_attempts",
	"request_checksum_calculation", "account_id_endpoint_mode", "sdk_ua_app_id",
}

// Shared returns a function that connects for a profile of set, once for all
// profiles with the same settings: the SDK reads both files whole each time.
// connect is Connect where it is nil. The function may be called by several
// goroutines.
func Shared(ctx context.Context, set *credfile.Set, connect func(context.Context, credfile.Paths, string) (*AWS, error)) func(profile string) (*AWS, error) {
	if connect == nil {
		connect = Connect
	}
	made := map[string]*AWS{}
	var mu sync.Mutex
	return func(profile string) (*AWS, error) {
		if err := set.Fit(profile); err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		var settings strings.Builder
		for _, name := range reachSettings {
			settings.WriteString(set.Setting(profile, name) + "\x00")
		}
		if a := made[settings.String()]; a != nil {
			return a, nil
		}
		a, err := connect(ctx, set.Paths, profile)
		if err == nil {
			made[settings.String()] = a
		}
		return a, err
	}
}
