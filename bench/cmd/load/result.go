package main

// Result is the JSON line.
type Result struct {
	Name     string  `json:"name,omitempty"`
	Scenario string  `json:"scenario"`
	Dialect  string  `json:"dialect"`
	C        int     `json:"c"`
	D        int     `json:"d,omitempty"`
	Size     int     `json:"size"`
	Rate     float64 `json:"rate,omitempty"`
	Window   int     `json:"window,omitempty"`
	Seconds  float64 `json:"seconds"`

	Msgs        int64   `json:"msgs"` // echoes or deliveries in the measured time
	PerSec      float64 `json:"per_sec"`
	CPUPer1M    float64 `json:"cpu_s_per_1m"`                  // server CPU seconds per million messages
	BrokerPer1M float64 `json:"broker_cpu_s_per_1m,omitempty"` // of what connects two processes
	UsrPer1M    float64 `json:"usr_s_per_1m"`
	SysPer1M    float64 `json:"sys_s_per_1m"`
	P50         float64 `json:"p50_us"`
	P99         float64 `json:"p99_us"`
	P999        float64 `json:"p999_us"`
	Max         float64 `json:"max_us"`
	Reads       float64 `json:"reads_per_msg"`
	Writes      float64 `json:"writes_per_msg"`
	Ctx         float64 `json:"ctxsw_per_msg"`
	Allocs      float64 `json:"allocs_per_msg,omitempty"`

	Published int64 `json:"published,omitempty"`
	Lost      int64 `json:"lost"`
	Disorder  int64 `json:"disorder"`
	Bad       int64 `json:"bad"`
	Closed    int   `json:"closed"` // connections the server closed

	RSSMiB     float64 `json:"rss_mib"`
	PerConnKiB float64 `json:"rss_per_conn_kib,omitempty"`
	PerConnGC  float64 `json:"rss_per_conn_gc_kib,omitempty"`
	Goroutines int64   `json:"goroutines,omitempty"`
	ConnPerSec float64 `json:"conn_per_sec,omitempty"`
	ConnCPU1K  float64 `json:"cpu_ms_per_conn,omitempty"`

	Slow *SlowResult `json:"slow,omitempty"`

	ServerCPU float64 `json:"server_cores"` // cores in use over the measured time
	GenCPU    float64 `json:"gen_cores"`
	OtherCPU  float64 `json:"other_cores"` // all the rest of the machine, steal included
	Err       string  `json:"err,omitempty"`
}

// SlowResult is what the slow scenario adds.
type SlowResult struct {
	P50Before  float64 `json:"p50_before_us"`
	P99Before  float64 `json:"p99_before_us"`
	P50During  float64 `json:"p50_during_us"`
	P99During  float64 `json:"p99_during_us"`
	P999During float64 `json:"p999_during_us"`
	MaxDuring  float64 `json:"max_during_us"`
	Published  int64   `json:"published"`
	SentMiB    float64 `json:"sent_to_stalled_mib"` // what the server was asked to send to the stalled reader
	RSSBefore  float64 `json:"rss_before_mib"`
	RSSMax     float64 `json:"rss_max_mib"`
	StalledGot int64   `json:"stalled_got"` // messages the stalled reader found when it read again
	Closed     bool    `json:"stalled_closed"`
	CloseCode  int     `json:"close_code,omitempty"`
	OthersLost int64   `json:"others_lost"`
}
