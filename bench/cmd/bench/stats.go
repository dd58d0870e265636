package main

import (
	"fmt"
	"slices"
)

// med is the median, 0 of nothing.
func med(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Clone(v)
	slices.Sort(v)
	if len(v)%2 == 1 {
		return v[len(v)/2]
	}
	return (v[len(v)/2-1] + v[len(v)/2]) / 2
}

func vals(rs []result, f func(result) float64) (v []float64) {
	for _, r := range rs {
		v = append(v, f(r))
	}
	return v
}

// span prints the median with the smallest and the largest value.
func span(v []float64, format string) string {
	if len(v) == 0 {
		return "-"
	}
	if len(v) == 1 {
		return fmt.Sprintf(format, v[0])
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", med(v), slices.Min(v), slices.Max(v))
}

// ratio is the median, over repetitions, of this target's value to the floor's
// in the same repetition, with its range and in how many it was lower: a median
// below 1 that is lower in 4 of 7 says nothing.
func ratio(rs, base []result, f func(result) float64) string {
	var q []float64
	lower := 0
	for _, r := range rs {
		for _, b := range base {
			if b.Rep == r.Rep && f(b) > 0 {
				v := f(r) / f(b)
				q = append(q, v)
				if v < 1 {
					lower++
				}
			}
		}
	}
	if len(q) == 0 {
		return "-"
	}
	if len(q) == 1 || rs[0].Target == base[0].Target {
		return fmt.Sprintf("%.2f", med(q))
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f, lower in %d/%d)", med(q), slices.Min(q), slices.Max(q), lower, len(q))
}
