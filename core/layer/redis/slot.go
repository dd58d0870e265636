package chanxredis

import "strconv"

// slots is how many slots a cluster has.
const slots = 16384

// slot returns the slot of a hash tag: its CRC-16 of the XMODEM kind.
func slot(tag string) int {
	var crc uint16
	for _, c := range []byte(tag) {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc % slots)
}

// tags returns a hash tag for each of n partitions, with slots that are spread evenly
// over the cluster, so over its masters: the first number for each n-th of the slots.
func tags(n int) []string {
	all := make([]string, n)
	for missing, i := n, 0; missing > 0; i++ {
		tag := strconv.Itoa(i)
		if p := slot(tag) * n / slots; all[p] == "" {
			all[p] = tag
			missing--
		}
	}
	return all
}

// partition returns which of n partitions a channel is in, by its FNV-1a hash.
func partition(channel string, n int) int {
	if n == 1 {
		return 0
	}
	h := uint32(2166136261)
	for i := range len(channel) {
		h = (h ^ uint32(channel[i])) * 16777619
	}
	return int(uint64(h) * uint64(n) >> 32)
}
