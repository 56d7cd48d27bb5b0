package facts

import (
	"net/netip"
	"slices"
	"strings"

	"keycare/credfile/sorting"
)

// NetworkOf is the network that an address belongs to, as far as one can tell from the
// address: 256 of IPv4, a customer's of IPv6. It is empty for what is no address, such
// as a service of AWS that calls for the user.
func NetworkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 24
	if ip = ip.Unmap(); ip.Is6() {
		bits = 48
	}
	network, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}

// Networks are those of the addresses that calls came from, in order, each once.
func Networks(addresses []Seen) (all []string) {
	for _, s := range addresses {
		if n := NetworkOf(s.Name); n != "" {
			all = append(all, n)
		}
	}
	sorting.By(all, strings.Compare)
	return slices.Compact(all)
}
