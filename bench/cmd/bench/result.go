package main

// slow is what the scenario of that name adds.
type slow struct {
	P50Before  float64 `json:"p50_before_us"`
	P99Before  float64 `json:"p99_before_us"`
	P50During  float64 `json:"p50_during_us"`
	P99During  float64 `json:"p99_during_us"`
	P999During float64 `json:"p999_during_us"`
	MaxDuring  float64 `json:"max_during_us"`
	SentMiB    float64 `json:"sent_to_stalled_mib"`
	Published  float64 `json:"published"`
	RSSBefore  float64 `json:"rss_before_mib"`
	RSSMax     float64 `json:"rss_max_mib"`
	StalledGot float64 `json:"stalled_got"`
	Closed     bool    `json:"stalled_closed"`
	CloseCode  int     `json:"close_code"`
	OthersLost float64 `json:"others_lost"`
}

// result is what the generator printed about one run.
type result struct {
	Target     string   `json:"target"`
	Scenario   string   `json:"scenario"`
	Rep        int      `json:"rep"`
	Failures   []string `json:"failures,omitempty"` // errors of this run and of those it was picked from
	PerSec     float64  `json:"per_sec"`
	CPU        float64  `json:"cpu_s_per_1m"`
	Broker     float64  `json:"broker_cpu_s_per_1m"`
	P50        float64  `json:"p50_us"`
	P99        float64  `json:"p99_us"`
	P999       float64  `json:"p999_us"`
	Reads      float64  `json:"reads_per_msg"`
	Writes     float64  `json:"writes_per_msg"`
	Ctx        float64  `json:"ctxsw_per_msg"`
	Allocs     float64  `json:"allocs_per_msg"`
	Lost       float64  `json:"lost"`
	Disorder   float64  `json:"disorder"`
	Closed     float64  `json:"closed"`
	PerConn    float64  `json:"rss_per_conn_kib"`
	PerConnGC  float64  `json:"rss_per_conn_gc_kib"`
	Goroutines float64  `json:"goroutines"`
	ConnPerSec float64  `json:"conn_per_sec"`
	ConnCPU    float64  `json:"cpu_ms_per_conn"`
	Server     float64  `json:"server_cores"`
	Gen        float64  `json:"gen_cores"`
	Other      float64  `json:"other_cores"`
	Slow       *slow    `json:"slow"`
	Err        string   `json:"err"`
}

// blame keeps what went wrong in another run of the same repetition.
func (r *result) blame(other result) {
	if other.Err != "" {
		r.Failures = append(r.Failures, other.Err)
	}
	r.Lost = max(r.Lost, other.Lost)
	r.Disorder = max(r.Disorder, other.Disorder)
	r.Closed = max(r.Closed, other.Closed)
	if r.Slow != nil && other.Slow != nil {
		r.Slow.OthersLost = max(r.Slow.OthersLost, other.Slow.OthersLost)
	}
}

// failures returns the errors of every run of a target in a scenario.
func failures(all []result, target, scenario string) (errs []string) {
	for _, r := range all {
		if r.Target == target && r.Scenario == scenario {
			errs = append(errs, r.Failures...)
		}
	}
	return errs
}

// pick returns the results of a target in a scenario that have no error.
func pick(all []result, target, scenario string) (rs []result) {
	for _, r := range all {
		if r.Target == target && r.Scenario == scenario && r.Err == "" {
			rs = append(rs, r)
		}
	}
	return rs
}
