package main

import chanx "github.com/chanx-go/chanx/core"

// Hello is the first that a client hears: who serves it.
type Hello struct {
	Process string `json:"process" doc:"The name of the process"`
	PID     int    `json:"pid"`
	ID      string `json:"id" doc:"Of the connection"`
}

// Action names the message.
func (Hello) Action() string { return "hello" }

// Post is said in a room.
type Post struct {
	Text string `json:"text" minLength:"1" maxLength:"500" doc:"What to say"`
}

// Action names the message.
func (Post) Action() string { return "post" }

// Posted is the event of what was said in a room, which the layer keeps: who was
// away gets it later.
type Posted struct {
	From    string `json:"from"`
	Process string `json:"process" doc:"That served who said it"`
	Text    string `json:"text"`
}

// Action names the message.
func (Posted) Action() string { return "posted" }

// Wave is for everybody who is connected now, whatever the room.
type Wave struct{}

// Action names the message.
func (Wave) Action() string { return "wave" }

// Waved is what everybody hears of a [Wave]. Nobody keeps it.
type Waved struct {
	From    string `json:"from"`
	Process string `json:"process"`
}

// Action names the message.
func (Waved) Action() string { return "waved" }

// Job is work for the worker.
type Job struct {
	Text string `json:"text" minLength:"1" maxLength:"500" doc:"What to turn around"`
}

// Action names the message.
func (Job) Action() string { return "job" }

// JobTaken answers a [Job]: it is on its way to the worker.
type JobTaken struct{}

// Action names the message.
func (JobTaken) Action() string { return "job_taken" }

// JobDone is the worker's event for the one connection that wanted the job done.
type JobDone struct {
	Text   string `json:"text" doc:"What there was to do"`
	Result string `json:"result"`
	PID    int    `json:"pid" doc:"Of the worker"`
}

// Action names the message.
func (JobDone) Action() string { return "job_done" }

// News is the worker's event for everybody, on every process.
type News struct {
	Text string `json:"text"`
}

// Action names the message.
func (News) Action() string { return "news" }

// Who asks for everybody who is connected, on all processes.
type Who struct{}

// Action names the message.
func (Who) Action() string { return "who" }

// Everybody answers [Who], with up to 100 of them.
type Everybody chanx.GroupMembers

// Action names the message.
func (Everybody) Action() string { return "everybody" }

// Count asks how many connections there are, on all processes.
type Count struct{}

// Action names the message.
func (Count) Action() string { return "count" }

// Counted answers [Count].
type Counted chanx.ConnectionCount

// Action names the message.
func (Counted) Action() string { return "counted" }

// Disconnect ends every connection of a user, on all processes.
type Disconnect struct {
	User string `json:"user" minLength:"1" maxLength:"100"`
}

// Action names the message.
func (Disconnect) Action() string { return "disconnect" }

// Disconnected answers [Disconnect].
type Disconnected chanx.Disconnection

// Action names the message.
func (Disconnected) Action() string { return "disconnected" }
