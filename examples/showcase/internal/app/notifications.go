package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// Notification is what a client wants everybody to be notified of.
type Notification struct {
	Type    string `json:"type" default:"user" doc:"What kind of notification it is"`
	Message string `json:"message"`
}

// Action names the message.
func (Notification) Action() string { return "notification" }

// NotificationBroadcast is what everybody is notified of.
type NotificationBroadcast struct {
	Type    string `json:"type" default:"user"`
	Message string `json:"message"`
}

// Action names the message.
func (NotificationBroadcast) Action() string { return "notification_broadcast" }

// SystemPeriodicNotify is an event that comes again and again.
type SystemPeriodicNotify string

// Action names the message.
func (SystemPeriodicNotify) Action() string { return "system_periodic_notify" }

const notificationsGroup = "notifications"

// Notifications is one client that is notified.
type Notifications struct{ *chanx.Conn }

func newNotifications(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*Notifications] {
	notifications := chanx.NewConsumer(hub, "notifications", openNotifications, opts)
	withPing(notifications)
	chanx.JoinGroups(notifications, notificationsGroup)
	chanx.Outgoing[NotificationBroadcast](notifications)
	chanx.On(notifications, (*Notifications).Notify, chanx.Sends[NotificationBroadcast](), chanx.Summary("Notify everybody"))
	chanx.MapEvent(notifications, (*Notifications).System)
	chanx.MapEvent(notifications, (*Notifications).Periodic)
	return notifications
}

func openNotifications(ctx context.Context, conn *chanx.Conn) (*Notifications, error) {
	return &Notifications{conn}, conn.Send(ctx, NotificationBroadcast{Type: "system", Message: "Connected to the notifications"})
}

// Notify passes a notification on to everybody.
func (n *Notifications) Notify(ctx context.Context, m Notification) error {
	return n.Broadcast(ctx, NotificationBroadcast(m))
}

// System makes a message of an event.
func (n *Notifications) System(_ context.Context, e SystemNotify) (NotificationBroadcast, error) {
	return NotificationBroadcast{Type: "system", Message: string(e)}, nil
}

// Periodic makes a message of an event.
func (n *Notifications) Periodic(_ context.Context, e SystemPeriodicNotify) (NotificationBroadcast, error) {
	return NotificationBroadcast{Type: "periodic", Message: string(e)}, nil
}
