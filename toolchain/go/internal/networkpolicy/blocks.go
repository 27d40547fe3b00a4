package networkpolicy

import "net/netip"

// everything stands for any IPv4 address; the embedded cluster has no others.
var everything = netip.MustParsePrefix("0.0.0.0/0")

// without returns the prefixes that cover block except what exceptions cover. An iptables rule has one source
// and one destination, so what a policy leaves out has to be cut out of the block itself.
func without(block netip.Prefix, exceptions []netip.Prefix) []netip.Prefix {
	overlaps := false
	for _, exception := range exceptions {
		if exception.Bits() <= block.Bits() && exception.Contains(block.Addr()) {
			return nil
		}
		overlaps = overlaps || block.Overlaps(exception)
	}
	if !overlaps {
		return []netip.Prefix{block}
	}
	low := netip.PrefixFrom(block.Addr(), block.Bits()+1)
	bytes := block.Addr().As4()
	bytes[block.Bits()/8] |= 0x80 >> (block.Bits() % 8)
	high := netip.PrefixFrom(netip.AddrFrom4(bytes), block.Bits()+1)
	return append(without(low, exceptions), without(high, exceptions)...)
}

// parseBlock reads an IPv4 block in CIDR notation; a policy may also name IPv6 ones, which nobody here has.
func parseBlock(text string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4() {
		return netip.Prefix{}, false
	}
	return prefix.Masked(), true
}
