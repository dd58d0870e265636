package check_test

import (
	"math"
	"reflect"
	"strconv"
	"strings"
)

// limits are what the tags of a field ask of its values, as far as the tags that
// internal/randomtypes writes go.
type limits struct {
	low, high, above, below float64 // of numbers; above and below are excluded
	multiple                float64 // 0: of nothing
	least, most             int     // of characters, items or members
	enum                    []string
	not                     string
	shape                   string // a format, a pattern, or a rule about what text looks like
	unique                  bool
	must                    bool // rule required: no zero value, and no null
	may                     bool // rule omitempty: a zero value is exempt
	keys, each              *limits
}

func noLimits() *limits {
	return &limits{low: math.Inf(-1), high: math.Inf(1), above: math.Inf(-1), below: math.Inf(1), most: -1}
}

func limitsOf(tag reflect.StructTag) *limits {
	l := noLimits()
	for name, set := range map[string]func(string){
		"minimum":          func(v string) { l.low = float(v) },
		"maximum":          func(v string) { l.high = float(v) },
		"exclusiveMinimum": func(v string) { l.above = float(v) },
		"exclusiveMaximum": func(v string) { l.below = float(v) },
		"multipleOf":       func(v string) { l.multiple = float(v) },
		"minLength":        func(v string) { l.least = int(float(v)) },
		"maxLength":        func(v string) { l.most = int(float(v)) },
		"minItems":         func(v string) { l.least = int(float(v)) },
		"maxItems":         func(v string) { l.most = int(float(v)) },
		"minProperties":    func(v string) { l.least = int(float(v)) },
		"maxProperties":    func(v string) { l.most = int(float(v)) },
		"uniqueItems":      func(string) { l.unique = true },
		"enum":             func(v string) { l.enum = strings.Split(v, ",") },
		"pattern":          func(v string) { l.shape = v },
		"format":           func(v string) { l.shape = v },
		"validate":         func(v string) { l.rules(strings.Split(v, ",")) },
		"binding":          func(v string) { l.rules(strings.Split(v, ",")) },
	} {
		if v, ok := tag.Lookup(name); ok {
			set(v)
		}
	}
	return l
}

func float(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return v
}

// rules reads a tag of go-playground's validator. A bound is noted as one of a
// number and as one of a length; what it is not for does no harm.
func (l *limits) rules(rules []string) {
	for i, rule := range rules {
		name, param, _ := strings.Cut(rule, "=")
		switch name {
		case "required":
			l.must = true
		case "omitempty":
			l.may = true
		case "min", "gte":
			l.low, l.least = float(param), int(float(param))
		case "max", "lte":
			l.high, l.most = float(param), int(float(param))
		case "gt":
			l.above = float(param)
		case "lt":
			l.below = float(param)
		case "len":
			l.least, l.most = int(float(param)), int(float(param))
		case "ne":
			l.not = param
		case "oneof":
			l.enum = strings.Fields(strings.ReplaceAll(param, "'c d'", "c_d"))
			for k, v := range l.enum {
				l.enum[k] = strings.ReplaceAll(v, "_", " ")
			}
		case "unique":
			l.unique = true
		case "keys":
			l.keys = noLimits()
			end := i + 1
			for rules[end] != "endkeys" {
				end++
			}
			l.keys.rules(rules[i+1 : end])
			l.each = noLimits()
			l.each.rules(rules[end+1:])
			return
		case "dive":
			if rules[i+1] != "keys" {
				l.each = noLimits()
				l.each.rules(rules[i+1:])
				return
			}
		default:
			l.shape = rule
		}
	}
}

// fits reports whether a number is within the limits.
func (l *limits) fits(v float64) bool {
	if l.may && v == 0 {
		return true
	}
	if l.not != "" && v == float(l.not) || l.must && v == 0 {
		return false
	}
	if l.multiple != 0 && math.Mod(v, l.multiple) != 0 {
		return false
	}
	return v >= l.low && v <= l.high && v > l.above && v < l.below
}
