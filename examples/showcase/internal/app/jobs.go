package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// Job is work for the background.
type Job struct {
	Type    string `json:"type" default:"default" doc:"What is to be done: upper, reverse, count, or default"`
	Content string `json:"content" doc:"What it is to be done with"`
}

// Action names the message.
func (Job) Action() string { return "job" }

// JobStatus is how a job gets on. It has a status and a message, and what else
// belongs to them.
type JobStatus map[string]any

// Action names the message.
func (JobStatus) Action() string { return "job_status" }

// JobResult is the event of a job that is done.
type JobResult struct {
	ID     string `json:"job_id"`
	Result string `json:"result"`
}

// Action names the message.
func (JobResult) Action() string { return "job_result" }

const jobsGroup = "background_jobs"

// Jobs is one client that has jobs done.
type Jobs struct {
	*chanx.Conn

	worker *Worker
}

func newJobs(hub *chanx.Hub, worker *Worker, opts *chanx.ConsumerOptions) *chanx.Consumer[*Jobs] {
	jobs := chanx.NewConsumer(hub, "background_jobs", func(ctx context.Context, conn *chanx.Conn) (*Jobs, error) {
		return &Jobs{conn, worker}, conn.Send(ctx, JobStatus{"status": "connected", "message": "Connected to the worker"})
	}, opts)
	withPing(jobs)
	withExtraEvent(jobs)
	chanx.JoinGroups(jobs, jobsGroup)
	chanx.Outgoing[JobStatus](jobs)
	chanx.Reply(jobs, (*Jobs).Queue, chanx.Sends[JobStatus](), chanx.Summary("Have a job done"))
	chanx.MapEvent(jobs, (*Jobs).Done)
	return jobs
}

// Queue gives a job to the worker. The first status is sent while the job is
// queued, the second is the reply.
func (j *Jobs) Queue(ctx context.Context, m Job) (JobStatus, error) {
	if err := j.Send(ctx, JobStatus{"status": "queuing", "message": "Queuing a job of type " + m.Type}); err != nil {
		return nil, err
	}
	id, err := j.worker.queue(j.ID(), m)
	if err != nil {
		return nil, err
	}
	return JobStatus{"status": "queued", "job_id": id, "message": "The job " + id + " is queued"}, nil
}

// Done makes a message of an event of the worker's.
func (j *Jobs) Done(_ context.Context, e JobResult) (JobStatus, error) {
	return JobStatus{"status": "result", "job_id": e.ID, "message": e.Result}, nil
}
