package faulttest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What is counted wrongly proves nothing: the ledger finds every flaw in what a
// client says it got.
func TestLedger(t *testing.T) {
	const p = "A"
	msg := func(n, seq uint64) happening {
		return happening{kind: got, node: "B", from: p, n: n, epoch: "e", seq: seq}
	}
	start := happening{kind: toldGap, node: "B", epoch: "e"}
	begin := happening{kind: joined, node: "B"}
	for name, c := range map[string]struct {
		history bool
		sent    string // + taken over, - an error
		saw     []happening
		want    counts
	}{
		"all":               {true, "+++", []happening{start, msg(1, 1), msg(2, 2), msg(3, 3)}, counts{Acked: 3, Deliveries: 3}},
		"lost":              {true, "+++", []happening{start, msg(1, 1), msg(3, 3)}, counts{Acked: 3, Deliveries: 2, Lost: 1, Gaps: 1}},
		"lost at the end":   {true, "++", []happening{start, msg(1, 1)}, counts{Acked: 2, Deliveries: 1, Lost: 1}},
		"nothing":           {true, "++", []happening{start}, counts{Acked: 2}},
		"hidden":            {true, "+++", []happening{start, msg(1, 1), msg(3, 2)}, counts{Acked: 3, Deliveries: 2, Lost: 1}},
		"twice":             {true, "++", []happening{start, msg(1, 1), msg(1, 2), msg(2, 3)}, counts{Acked: 2, Deliveries: 3, Duplicates: 1}},
		"reordered":         {true, "++", []happening{start, msg(2, 1), msg(1, 2)}, counts{Acked: 2, Deliveries: 2, Reordered: 1}},
		"never published":   {true, "+", []happening{start, msg(1, 1), msg(2, 2)}, counts{Acked: 1, Deliveries: 2, Phantoms: 1}},
		"an error arrived":  {true, "+-+", []happening{start, msg(1, 1), msg(2, 2), msg(3, 3)}, counts{Acked: 2, Errors: 1, Arrived: 1, Deliveries: 3}},
		"an error did not":  {true, "+-+", []happening{start, msg(1, 1), msg(3, 2)}, counts{Acked: 2, Errors: 1, Deliveries: 2}},
		"told":              {true, "+++", []happening{start, msg(1, 1), {kind: toldGap, epoch: "e", seq: 2}, msg(3, 3)}, counts{Acked: 3, Deliveries: 2, Told: 1, Reset: 1}},
		"told elsewhere":    {true, "+++", []happening{start, msg(1, 1), msg(3, 3), {kind: toldGap, epoch: "f"}}, counts{Acked: 3, Deliveries: 2, Lost: 1, Gaps: 1, Reset: 1}},
		"recovered":         {true, "++", []happening{start, msg(1, 1), {kind: recovered, epoch: "e", seq: 2}, msg(2, 2)}, counts{Acked: 2, Deliveries: 2, Recovered: 1}},
		"recovered falsely": {true, "+++", []happening{start, msg(1, 1), {kind: recovered, epoch: "e", seq: 3}, msg(3, 3)}, counts{Acked: 3, Deliveries: 2, Recovered: 1, Lost: 1, Gaps: 1}},
		"another epoch":     {true, "++", []happening{start, msg(1, 1), {kind: got, from: p, n: 2, epoch: "f", seq: 2}}, counts{Acked: 2, Deliveries: 2, Gaps: 1}},

		"group":                  {false, "+-+", []happening{begin, msg(1, 0), msg(2, 0), msg(3, 0)}, counts{Acked: 2, Errors: 1, Arrived: 1, Deliveries: 3}},
		"group lost":             {false, "+++", []happening{begin, msg(1, 0), msg(3, 0)}, counts{Acked: 3, Deliveries: 2, Lost: 1}},
		"group lost at the end":  {false, "++", []happening{begin, msg(1, 0)}, counts{Acked: 2, Deliveries: 1, Lost: 1}},
		"group away":             {false, "+++", []happening{begin, msg(1, 0), begin, msg(3, 0)}, counts{Acked: 3, Deliveries: 2, Told: 1}},
		"group before its time":  {false, "+++", []happening{begin, msg(2, 0), msg(3, 0)}, counts{Acked: 3, Deliveries: 2}},
		"group error elsewhere":  {false, "+-+", []happening{begin, msg(1, 0), msg(3, 0)}, counts{Acked: 2, Errors: 1, Deliveries: 2}},
		"group error at home":    {false, "+-+", []happening{{kind: joined, node: "A"}, {kind: got, node: "A", from: p, n: 1}, {kind: got, node: "A", from: p, n: 3}}, counts{Acked: 2, Errors: 1, Deliveries: 2, LocalLost: 1}},
		"group twice and before": {false, "++", []happening{begin, msg(2, 0), msg(1, 0), msg(2, 0)}, counts{Acked: 2, Deliveries: 3, Reordered: 1, Duplicates: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger()
			for _, r := range c.sent {
				a := attempt{}
				if r == '-' {
					a.err = "unavailable"
				}
				l.published(line{p, "c"}, a)
			}
			for _, h := range c.saw {
				l.saw("client", "c", h)
			}
			got := l.tally([]string{"c"}, c.history, nil, func(p string) string { return p }, time.Time{})
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(counts{}, "Missed", "Unheard", "Again")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
