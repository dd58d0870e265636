package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// AnalyticsEvent is something that happened to a client.
type AnalyticsEvent struct {
	Event string `json:"event" doc:"What happened"`
	Data  any    `json:"data" default:"null" doc:"Whatever belongs to it"`
}

// Action names the message.
func (AnalyticsEvent) Action() string { return "analytics" }

// AnalyticsNotification tells everybody what happened.
type AnalyticsNotification struct {
	Event string `json:"event"`
	Data  any    `json:"data" default:"null"`
}

// Action names the message.
func (AnalyticsNotification) Action() string { return "analytics_notification" }

const analyticsGroup = "analytics"

// Analytics is one client that hears what happens.
type Analytics struct{ *chanx.Conn }

func newAnalytics(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*Analytics] {
	analytics := chanx.NewConsumer(hub, "analytics", openAnalytics, opts)
	withPing(analytics)
	chanx.JoinGroups(analytics, analyticsGroup)
	chanx.On(analytics, (*Analytics).Record, chanx.Sends[AnalyticsNotification](), chanx.Summary("Record an event"))
	chanx.MapEvent(analytics, (*Analytics).Notify)
	return analytics
}

func openAnalytics(_ context.Context, conn *chanx.Conn) (*Analytics, error) {
	return &Analytics{conn}, nil
}

// Record passes an event on to everybody.
func (a *Analytics) Record(ctx context.Context, m AnalyticsEvent) error {
	return a.Broadcast(ctx, AnalyticsNotification(m))
}

// Notify makes a message of an event.
func (a *Analytics) Notify(_ context.Context, e SystemNotify) (AnalyticsNotification, error) {
	return AnalyticsNotification{Event: string(e)}, nil
}
