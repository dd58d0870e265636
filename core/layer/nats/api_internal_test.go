package chanxnats

import "testing"

func TestOld(t *testing.T) {
	for version, want := range map[string]bool{
		"2.9.10": true, "2.9.25": true, "2.0.0": true, "1.4.1": true,
		"2.10.0": false, "2.10.29": false, "2.15.2": false, "2.15.2-RC.1": false, "3.0.0": false, "3.9.0": false,
		"": false, "x": false, // of another make, or not connected
	} {
		if got := old(version); got != want {
			t.Errorf("old(%q) is %v", version, got)
		}
	}
}
