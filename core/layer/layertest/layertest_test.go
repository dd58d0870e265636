package layertest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/layertest"
)

// faultVariable is set where TestFaults runs this program again.
const faultVariable = "LAYERTEST_FAULT"

// A layer that delivers asynchronously to several processes passes, unless it is
// told to break a rule.
func TestNetwork(t *testing.T) {
	t.Parallel()
	h := layertest.Harness{
		Age: time.Second / 10,
		Backend: func(*testing.T) layertest.Open {
			n := &network{fault: fault(os.Getenv(faultVariable))}
			if n.fault == noHistory || n.fault == noPresence {
				return func(*testing.T) layer.Layer { return layerAlone{n.open()} }
			}
			return func(*testing.T) layer.Layer { return n.open() }
		},
	}
	if os.Getenv(faultVariable) != "" {
		h.Patience = time.Second / 2
	}
	layertest.Run(t, h)
}

// The suite finds each broken rule.
func TestFaults(t *testing.T) {
	t.Parallel()
	findFaults(t, layerFaults())
}

// layerFaults returns faults, and which test must find them.
func layerFaults() map[fault]string {
	return map[fault]string{
		loses:          "NothingLost",
		repeats:        "NothingLost",
		reorders:       "Order",
		concurrent:     "OneAtATime",
		aliases:        "BufferReused",
		foldsCase:      "Names",
		cutsNames:      "Names",
		truncates:      "Data",
		dropsEmpty:     "Data",
		ownProcessOnly: "FanOut",
		keepsCalling:   "UnsubscribeWaits",
		doesNotWait:    "UnsubscribeWaits",
		ignoresContext: "ContextEnded",
		tiesContext:    "ContextEnded",
		ignoresClose:   "Close",
		closesTwice:    "Close",
		closesAll:      "CloseLeavesOthers",
		leaks:          "CloseLeavesNoGoroutine",
		waitsForSelf:   "PublishInHandler",
		nearFirst:      "Answers",
		farFirst:       "Answers",
	}
}

// findFaults runs for each fault the test that must find it, as the suite names it.
func findFaults(t *testing.T, tests map[fault]string) {
	for fault, name := range tests {
		t.Run(string(fault)+" "+name, func(t *testing.T) {
			t.Parallel()
			// Some faults show only where goroutines happen to meet: ten tries.
			pattern := "^TestNetwork$/^" + strings.ReplaceAll(name, "/", "$/^") + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern,
				"-test.count=10", "-test.failfast", "-test.timeout=60s")
			cmd.Env = append(os.Environ(), faultVariable+"="+string(fault))
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestNetwork/"+name) {
				t.Errorf("the test %s did not find it: %v\n%s", name, err, out)
			}
		})
	}
}
