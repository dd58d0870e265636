package schema

import (
	"bytes"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// formats are the formats that are checked. Those of urls and of IPv6 addresses
// allocate; the others don't.
var formats = map[string]func([]byte) bool{
	"date":          isDate,
	"date-time":     isDateTime,
	"email":         isEmail,
	"hostname":      isHostname,
	"ipv4":          isIPv4,
	"ipv6":          isIPv6,
	"json-pointer":  isJSONPointer,
	"time":          isTime,
	"uri":           isURI,
	"uri-reference": isURIReference,
	"uuid":          isUUID,
}

// notes are formats that say something to people and tools and aren't checked.
var notes = map[string]kinds{
	"binary": kindString, "byte": kindString, "password": kindString, "markdown": kindString,
	"int32": kindInteger, "int64": kindInteger, "float": kindNumber, "double": kindNumber,
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// two reads two digits; it returns -1 for anything else.
func two(s []byte) int {
	if len(s) < 2 || !isDigit(s[0]) || !isDigit(s[1]) {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

func isDate(s []byte) bool {
	if len(s) != len("2006-01-02") || s[4] != '-' || s[7] != '-' {
		return false
	}
	century, year, month, day := two(s), two(s[2:]), two(s[5:]), two(s[8:])
	if century < 0 || year < 0 || month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= time.Date(century*100+year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// isTime checks an RFC 3339 full-time. A leap second is the last of its day in UTC.
func isTime(s []byte) bool {
	if len(s) < len("15:04:05Z") || s[2] != ':' || s[5] != ':' {
		return false
	}
	hour, minute, second := two(s), two(s[3:]), two(s[6:])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return false
	}
	s = s[8:]
	if s[0] == '.' {
		n := 1
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		if n == 1 {
			return false
		}
		s = s[n:]
	}
	at := hour*60 + minute
	if len(s) != 1 || s[0]|0x20 != 'z' {
		if len(s) != len("+07:00") || s[3] != ':' {
			return false
		}
		hour, minute = two(s[1:]), two(s[4:])
		if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
			return false
		}
		switch s[0] {
		case '+':
			at -= hour*60 + minute
		case '-':
			at += hour*60 + minute
		default:
			return false
		}
	}
	const day = 24 * 60
	return second < 60 || (at+day)%day == day-1
}

func isDateTime(s []byte) bool {
	return len(s) > 11 && s[10]|0x20 == 't' && isDate(s[:10]) && isTime(s[11:])
}

func isUUID(s []byte) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isDigit(c) && ('a' > c|0x20 || c|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}

func isIPv4(s []byte) bool {
	for part := range 4 {
		n, value := 0, 0
		for n < len(s) && n < 4 && isDigit(s[n]) {
			value = value*10 + int(s[n]-'0')
			n++
		}
		if n == 0 || value > 255 || n > 1 && s[0] == '0' {
			return false
		}
		s = s[n:]
		if part < 3 {
			if len(s) == 0 || s[0] != '.' {
				return false
			}
			s = s[1:]
		}
	}
	return len(s) == 0
}

func isIPv6(s []byte) bool {
	if bytes.IndexByte(s, ':') < 0 {
		return false
	}
	ip, err := netip.ParseAddr(string(s))
	return err == nil && ip.Zone() == ""
}

func isHostname(s []byte) bool {
	s = bytes.TrimSuffix(s, []byte("."))
	if len(s) > 253 {
		return false
	}
	for {
		label, rest, more := bytes.Cut(s, []byte("."))
		if n := len(label); n < 1 || n > 63 || label[0] == '-' || label[n-1] == '-' {
			return false
		}
		for _, c := range label {
			if !isLetter(c) && !isDigit(c) && c != '-' {
				return false
			}
		}
		if !more {
			return true
		}
		s = rest
	}
}

func isEmail(s []byte) bool {
	at := bytes.LastIndexByte(s, '@')
	if at < 0 || at > 64 || len(s) > 254 {
		return false
	}
	local, domain := s[:at], s[at+1:]
	if n := len(local); n > 1 && local[0] == '"' && local[n-1] == '"' {
		if bytes.ContainsAny(local[1:n-1], `\"`) {
			return false
		}
	} else if !isDotAtom(local) {
		return false
	}
	if n := len(domain); n > 1 && domain[0] == '[' && domain[n-1] == ']' {
		if ip, ok := bytes.CutPrefix(domain[1:n-1], []byte("IPv6:")); ok {
			return isIPv6(ip)
		}
		return isIPv4(domain[1 : n-1])
	}
	return isHostname(domain)
}

func isDotAtom(s []byte) bool {
	dot := true // a dot may not follow
	for _, c := range s {
		if c == '.' {
			if dot {
				return false
			}
		} else if !isLetter(c) && !isDigit(c) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) < 0 {
			return false
		}
		dot = c == '.'
	}
	return len(s) == 0 || !dot
}

// parseURL is [url.Parse], with an IPv6 host checked.
func parseURL(s []byte) (*url.URL, bool) {
	u, err := url.Parse(string(s))
	if err != nil {
		return nil, false
	}
	if host := u.Hostname(); strings.Contains(host, ":") {
		if !strings.Contains(u.Host, "[") || !strings.Contains(u.Host, "]") || !isIPv6([]byte(host)) {
			return nil, false
		}
	}
	return u, true
}

func isURI(s []byte) bool {
	u, ok := parseURL(s)
	return ok && u.IsAbs()
}

func isURIReference(s []byte) bool {
	if bytes.IndexByte(s, '\\') >= 0 {
		return false
	}
	_, ok := parseURL(s)
	return ok
}

func isJSONPointer(s []byte) bool {
	if len(s) > 0 && s[0] != '/' {
		return false
	}
	for i, c := range s {
		if c == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}
