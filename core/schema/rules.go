package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// errUnsayable says that JSON Schema has no words for a rule.
var errUnsayable = errors.New("JSON Schema can't say it; write a method Validate() error, or give Options.Struct a validator that knows it")

// rules reads a tag of go-playground's validator: what JSON Schema can say of it
// becomes keywords, with the meaning that it has there.
func (t *tagger) rules(tag string) error {
	if tag == "" || tag == "-" {
		return nil
	}
	g := ruleSet{typ: t.field.Type, node: t.node, lenient: t.builder.registry.options.Struct != nil, quoted: t.field.quoted}
	if err := g.apply(strings.Split(tag, ",")); err != nil {
		return err
	}
	t.node = g.node
	if g.required != nil {
		t.required = *g.required
	}
	return nil
}

// ruleSet applies rules to the node of one Go type.
type ruleSet struct {
	typ      reflect.Type
	node     *node
	lenient  bool // what can't be said is left to the application's validator
	quoted   bool
	required *bool

	target *node // what the rules go to: node, or an alternative to a zero value
}

func (g *ruleSet) apply(rules []string) error {
	g.target = g.node
	for i, rule := range rules {
		if rule == "dive" {
			return g.dive(rules[i+1:])
		}
		if err := g.rule(rule); err != nil {
			if errors.Is(err, errUnsayable) && g.lenient {
				continue
			}
			return fmt.Errorf("rule %s: %w", rule, err)
		}
	}
	return g.finish()
}

// finish adds the rules that a zero value is exempt from.
func (g *ruleSet) finish() error {
	if g.target == g.node {
		return nil
	}
	g.target.kinds = 0
	if g.target.seal(); !g.target.anything() {
		zero := &node{enum: []literal{newLiteral(zeroOf(g.typ))}, isOne: true}
		g.node.anyOf = append(g.node.anyOf, []*node{zero, g.target})
	}
	return g.target.possible()
}

// dive applies rules to the elements of a list or a map, and to a map's keys.
func (g *ruleSet) dive(rules []string) error {
	if err := g.finish(); err != nil {
		return err
	}
	t := base(g.typ)
	var slot **node
	switch {
	case g.node.list != nil && g.node.list.item != nil:
		slot = &g.node.list.item
	case g.node.obj != nil && g.node.obj.rest != nil && t.Kind() == reflect.Map:
		slot = &g.node.obj.rest
	default:
		return fmt.Errorf("rule dive is not for a %v", g.typ)
	}
	if len(rules) > 0 && rules[0] == "keys" {
		end := 1
		for end < len(rules) && rules[end] != "endkeys" {
			end++
		}
		if end == len(rules) || t.Kind() != reflect.Map {
			return errors.New("rule keys is for maps and needs an endkeys")
		}
		names := g.node.obj.names
		if names == nil {
			names = &node{kinds: kindString}
		}
		keys := ruleSet{typ: t.Key(), node: names, lenient: g.lenient, quoted: t.Key().Kind() != reflect.String}
		if err := keys.apply(rules[1:end]); err != nil {
			return err
		}
		keys.node.seal()
		g.node.obj.names = keys.node
		rules = rules[end+1:]
	}
	inner := ruleSet{typ: t.Elem(), node: *slot, lenient: g.lenient}
	if err := inner.apply(rules); err != nil {
		return err
	}
	if *slot = inner.node; inner.node.ref == nil {
		inner.node.seal()
	}
	return inner.node.possible()
}

// base is a type without its pointers.
func base(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// form is what rules about size and value mean for a type.
type form int

const (
	formOther form = iota // nothing
	formText
	formNumber
	formBool
	formList
	formMap
)

func (g *ruleSet) form() form {
	t := base(g.typ)
	if t == durationType {
		return formNumber
	}
	if g.quoted || ownForm(t) || g.node.ref != nil {
		return formOther
	}
	switch k := t.Kind(); {
	case k == reflect.String:
		return formText
	case k == reflect.Bool:
		return formBool
	case reflect.Int <= k && k <= reflect.Float64:
		return formNumber
	case (k == reflect.Slice || k == reflect.Array) && g.node.kinds == kindArray:
		return formList
	case k == reflect.Map:
		return formMap
	}
	return formOther
}

func zeroOf(t reflect.Type) []byte {
	switch t.Kind() {
	case reflect.String:
		return []byte(`""`)
	case reflect.Bool:
		return []byte("false")
	}
	return []byte("0")
}

// scalar reports whether an explicit zero is an ordinary value of the type.
func (g *ruleSet) scalar() bool {
	f := g.form()
	return g.typ.Kind() != reflect.Pointer && (f == formText || f == formNumber || f == formBool)
}

// rule applies one rule, or alternatives between bars.
func (g *ruleSet) rule(rule string) error {
	if strings.Contains(rule, "|") {
		return g.either(strings.Split(rule, "|"))
	}
	name, param, _ := strings.Cut(rule, "=")
	param = strings.NewReplacer("0x2C", ",", "0x7C", "|").Replace(param)
	switch name {
	case "", "structonly", "nostructlevel":
		return nil
	case "required":
		return g.present()
	case "omitempty", "omitzero":
		if g.required = new(bool); g.scalar() && g.target == g.node {
			g.target = &node{kinds: g.node.kinds}
		}
		return nil
	case "omitnil":
		g.required = new(bool)
		return nil
	case "min", "gte":
		return g.size(param, true, false)
	case "max", "lte":
		return g.size(param, false, false)
	case "gt":
		return g.size(param, true, true)
	case "lt":
		return g.size(param, false, true)
	case "len", "eq", "ne":
		return g.equal(name, param)
	case "oneof":
		return g.oneOf(param)
	case "unique":
		if g.form() != formList || param != "" {
			return errUnsayable
		}
		g.target.lists().unique = true
		return nil
	}
	return g.word(name, param)
}

// present is the rule required: the member is there, and not the zero value of
// a string, a number or a bool, nor a null pointer.
func (g *ruleSet) present() error {
	yes := true
	g.required = &yes
	if g.typ.Kind() == reflect.Pointer {
		g.node.nullable = false
		return nil
	}
	switch g.form() {
	case formText:
		t := g.target.texts()
		t.min = max(t.min, 1)
	case formNumber:
		g.target.not = append(g.target.not, &node{enum: []literal{newLiteral([]byte("0"))}, isOne: true})
	case formBool:
		g.target.enum, g.target.isOne = []literal{newLiteral([]byte("true"))}, true
	}
	return nil
}

// either makes alternatives of rules.
func (g *ruleSet) either(rules []string) error {
	var group []*node
	for _, rule := range rules {
		x := ruleSet{typ: g.typ, node: &node{kinds: g.node.kinds}, quoted: g.quoted}
		x.target = x.node
		if err := x.rule(rule); err != nil {
			return err
		}
		if x.required != nil {
			return errUnsayable
		}
		x.node.kinds = 0
		x.node.seal()
		group = append(group, x.node)
	}
	g.target.anyOf = append(g.target.anyOf, group)
	return nil
}

// size bounds a length, a count or a number from below or above.
func (g *ruleSet) size(param string, below, exclusive bool) error {
	form := g.form()
	if form == formNumber {
		return g.limit(param, below, exclusive)
	}
	if form != formText && form != formList && form != formMap {
		return errUnsayable
	}
	n, err := parseCount(param)
	if err != nil {
		return err
	}
	switch {
	case exclusive && below:
		n++
	case exclusive && n == 0:
		return errors.New("nothing is shorter")
	case exclusive:
		n--
	}
	low, high := g.counts(form)
	if below {
		return raise(low, strconv.Itoa(n))
	}
	return lower(high, strconv.Itoa(n))
}

func (g *ruleSet) counts(f form) (low, high *int) {
	switch f {
	case formText:
		t := g.target.texts()
		return &t.min, &t.max
	case formList:
		l := g.target.lists()
		return &l.min, &l.max
	}
	o := g.target.objects()
	return &o.min, &o.max
}

func (g *ruleSet) limit(param string, below, exclusive bool) error {
	d, err := g.number(param)
	if err != nil {
		return err
	}
	r := g.target.numbers()
	var bound **decimal
	switch {
	case below && exclusive:
		bound = &r.above
	case below:
		bound = &r.min
	case exclusive:
		bound = &r.below
	default:
		bound = &r.max
	}
	if *bound == nil || ((*bound).compare(d) < 0) == below {
		*bound = d
	}
	return nil
}

// number reads a rule's parameter; that of a duration is one, such as 1m30s.
func (g *ruleSet) number(param string) (*decimal, error) {
	if base(g.typ) == durationType {
		if v, err := time.ParseDuration(param); err == nil {
			return intDecimal(int64(v)), nil
		}
	}
	d, ok := parseNumber(param)
	if !ok {
		return nil, errors.New("its parameter is not a number")
	}
	return d, nil
}

// equal applies len, eq and ne.
func (g *ruleSet) equal(name, param string) error {
	form := g.form()
	var raw []byte
	switch {
	case form == formText && name != "len":
		raw = appendString(nil, param)
	case form == formText || form == formList || form == formMap:
		if name == "ne" {
			return errUnsayable
		}
		low, high := g.counts(form)
		return errors.Join(raise(low, param), lower(high, param))
	case form == formNumber:
		d, err := g.number(param)
		if err != nil {
			return err
		}
		raw = d.raw
	case form == formBool && (param == "true" || param == "false"):
		raw = []byte(param)
	default:
		return errUnsayable
	}
	if one := newLiteral(raw); name == "ne" {
		g.target.not = append(g.target.not, &node{enum: []literal{one}, isOne: true})
	} else {
		g.target.enum, g.target.isOne = []literal{one}, true
	}
	return nil
}

// oneOf reads values between spaces; one with a space stands in single quotes.
func (g *ruleSet) oneOf(param string) error {
	form := g.form()
	if form != formText && form != formNumber {
		return errUnsayable
	}
	var values []literal
	for param = strings.TrimSpace(param); param != ""; param = strings.TrimSpace(param) {
		var value string
		if quoted, rest, ok := strings.Cut(param[1:], "'"); ok && param[0] == '\'' {
			value, param = quoted, rest
		} else {
			value, param, _ = strings.Cut(param, " ")
		}
		raw := appendString(nil, value)
		if form == formNumber {
			d, err := g.number(value)
			if err != nil {
				return err
			}
			raw = d.raw
		}
		values = append(values, newLiteral(raw))
	}
	if values == nil {
		return errors.New("it has no values")
	}
	g.target.enum, g.target.isOne = values, false
	return nil
}
