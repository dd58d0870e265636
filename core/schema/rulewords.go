package schema

// wordFormats are go-playground's rules that are formats of JSON Schema.
var wordFormats = map[string]string{
	"email": "email", "uri": "uri", "url": "uri",
	"uuid": "uuid", "uuid_rfc4122": "uuid",
	"ipv4": "ipv4", "ip4_addr": "ipv4", "ipv6": "ipv6", "ip6_addr": "ipv6",
	"hostname": "hostname", "hostname_rfc1123": "hostname",
}

// wordPatterns are those that are patterns.
var wordPatterns = map[string]string{
	"alpha":        `^[a-zA-Z]+$`,
	"alphaspace":   `^[a-zA-Z ]+$`,
	"alphanum":     `^[a-zA-Z0-9]+$`,
	"alphaunicode": `^\p{L}+$`, "alphanumunicode": `^[\p{L}\p{N}]+$`,
	"numeric":     `^[-+]?[0-9]+(?:\.[0-9]+)?$`,
	"number":      `^[0-9]+$`,
	"hexadecimal": `^(?:0[xX])?[0-9a-fA-F]+$`,
	"hexcolor":    `^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$`,
	"e164":        `^\+?[1-9]\d{7,14}$`,
	"base64":      `^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$`,
	"base64url":   `^(?:[A-Za-z0-9\-_]{4})*(?:[A-Za-z0-9\-_]{2}==|[A-Za-z0-9\-_]{3}=|[A-Za-z0-9\-_]{4})$`,
	"ascii":       `^[\x00-\x7F]*$`, "printascii": `^[\x20-\x7E]*$`, "multibyte": `^$|[^\x00-\x7F]`,
	"uuid3": `^[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`,
	"uuid4": `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	"uuid5": `^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	"uuid7": `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	"ulid":  `^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$`,
	"jwt":   `^[A-Za-z0-9\-_]+\.[A-Za-z0-9\-_]+\.[A-Za-z0-9\-_]*$`,
	"md5":   `^[0-9a-f]{32}$`, "sha256": `^[0-9a-f]{64}$`, "sha512": `^[0-9a-f]{128}$`,
	"mongodb": `^[a-f0-9]{24}$`,
}

// dateLayouts are the layouts of the rule datetime that JSON Schema has a name for.
var dateLayouts = map[string]string{"2006-01-02": "date", "2006-01-02T15:04:05Z07:00": "date-time"}

// word applies a rule about what a string looks like.
func (g *ruleSet) word(name, param string) error {
	if g.form() != formText {
		return errUnsayable
	}
	if format := wordFormats[name]; format != "" && param == "" {
		return g.format(format)
	}
	if source := wordPatterns[name]; source != "" && param == "" {
		return addPattern(g.target, source)
	}
	quoted := quotePattern(param)
	switch name {
	case "ip", "ip_addr":
		return g.either([]string{"ipv4", "ipv6"})
	case "datetime":
		if format := dateLayouts[param]; format != "" {
			return g.format(format)
		}
	case "startswith":
		return addPattern(g.target, "^"+quoted)
	case "endswith":
		return addPattern(g.target, quoted+"$")
	case "contains":
		return addPattern(g.target, quoted)
	case "containsany", "containsrune":
		return addPattern(g.target, anyOfChars(param))
	case "startsnotwith":
		return g.exclude("^" + quoted)
	case "endsnotwith":
		return g.exclude(quoted + "$")
	case "excludes":
		return g.exclude(quoted)
	case "excludesall", "excludesrune":
		return g.exclude(anyOfChars(param))
	}
	return errUnsayable
}

// format gives the target a format; a second one needs a node of its own.
func (g *ruleSet) format(name string) error {
	x := g.target
	if x.text != nil && x.text.check != nil {
		x = &node{}
		g.target.allOf = append(g.target.allOf, x)
	}
	x.setFormat(name)
	return nil
}

func (g *ruleSet) exclude(source string) error {
	x := &node{}
	if err := addPattern(x, source); err != nil {
		return err
	}
	g.target.not = append(g.target.not, x)
	return nil
}

func addPattern(n *node, source string) error {
	p, err := newPattern(source)
	if err == nil {
		t := n.texts()
		t.patterns = append(t.patterns, p)
	}
	return err
}

// anyOfChars is a pattern for one of the characters.
func anyOfChars(chars string) string {
	class := []byte{'['}
	for _, r := range chars {
		if r == '^' || r == ']' || r == '[' || r == '\\' || r == '-' {
			class = append(class, '\\')
		}
		class = append(class, string(r)...)
	}
	return string(append(class, ']'))
}
