package server_test

import (
	"context"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/google/go-cmp/cmp"
)

// expect takes the next frame, which must be the message given.
func expect[M chanx.Message](t testing.TB, c chanxtest.Peer, want M) {
	t.Helper()
	if diff := cmp.Diff(want, chanxtest.Expect[M](c)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", want.Action(), diff)
	}
}

func TestSystem(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dial("/ws/system")
		expect(s, c, app.SystemEcho{Message: "Connected to the system"})
		if got := chanxtest.Request[app.SystemEcho](c, app.UserMessage{Message: "hello"}); got.Message != "hello" {
			s.Errorf("the system repeats %q", got.Message)
		}
		chanxtest.RequestError(c, app.Echo{Text: "x"}, chanx.UnknownAction)
	})
}

func TestChat(t *testing.T) {
	each(t, func(s *showcase) {
		ann := s.dial("/ws/chat")
		expect(s, ann, app.ChatNotification{Message: "Somebody joined the chat"})
		bob := s.dial("/ws/chat")
		expect(s, bob, app.ChatNotification{Message: "Somebody joined the chat"})
		expect(s, ann, app.ChatNotification{Message: "Somebody joined the chat"})

		bob.Send(app.ChatMessage{Message: "hello"})
		s.publish("chat_room", "system_notify", `"dinner"`)
		s.publish("chat_room", "user_joined_notification", `{"message":"Cleo"}`)
		s.publish("chat_room", "user_left_notification", `{"message":"Cleo"}`)
		s.publish("extra", "extra_passthrough", `"as it is"`)
		for _, c := range []*chanxtest.Client{ann, bob} {
			got := map[string]string{}
			for range 5 {
				f := c.Next() // forwarded events overtake those that become messages
				got[f.Action+" "+string(f.Payload)] = f.Ref
			}
			want := map[string]string{
				`chat_notification {"message":"hello"}`:       "",
				`chat_notification {"message":"dinner"}`:      "",
				`user_joined_notification {"message":"Cleo"}`: "",
				`user_left_notification {"message":"Cleo"}`:   "",
				`extra_passthrough "as it is"`:                "",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				s.Errorf("(-want +got):\n%s", diff)
			}
		}
		if got := chanxtest.Request[app.ExtraResponse](ann, app.ExtraRequest("please")); got != "extra: please" {
			s.Errorf("the extra response is %q", got)
		}
		bob.Drop()
		expect(s, ann, app.ChatNotification{Message: "Somebody left the chat"})
		ann.ExpectNothing()
	})
}

func TestReliable(t *testing.T) {
	each(t, func(s *showcase) {
		ann, bob := s.dial("/ws/reliable"), s.dial("/ws/reliable")
		ann.Send(app.ReliableMessage{Message: "hello"})
		for _, c := range []*chanxtest.Client{ann, bob} {
			expect(s, c, app.ReliableNotification{Message: "hello"})
		}
		s.publish("reliable_chat", "system_notify", `"dinner"`)
		expect(s, ann, app.ChatNotification{Message: "dinner"})
	})
}

func TestNotifications(t *testing.T) {
	each(t, func(s *showcase) {
		ann, bob := s.dial("/ws/notifications"), s.dial("/ws/notifications")
		clients := []*chanxtest.Client{ann, bob}
		for _, c := range clients {
			expect(s, c, app.NotificationBroadcast{Type: "system", Message: "Connected to the notifications"})
		}
		ann.SendRaw(`{"action":"notification","payload":{"message":"hello"}}`)
		for _, c := range clients {
			expect(s, c, app.NotificationBroadcast{Type: "user", Message: "hello"})
		}
		s.publish("notifications", "system_notify", `"dinner"`)
		s.publish("notifications", "system_periodic_notify", `"tick"`)
		for _, c := range clients {
			expect(s, c, app.NotificationBroadcast{Type: "system", Message: "dinner"})
			expect(s, c, app.NotificationBroadcast{Type: "periodic", Message: "tick"})
			c.ExpectNothing()
		}
	})
}

func TestAnalytics(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dial("/ws/analytics")
		for _, payload := range []string{
			`{"event":"click","data":{"at":[1,2.5,null]}}`,
			`{"event":"click","data":9007199254740993}`,
			`{"event":"click","data":null}`,
		} {
			c.SendRaw(`{"action":"analytics","payload":` + payload + `}`)
			if f := c.Next(); f.Action != "analytics_notification" || string(f.Payload) != payload {
				s.Errorf("%s came back as %s", payload, f.Text)
			}
		}
		s.publish("analytics", "system_notify", `"dinner"`)
		expect(s, c, app.AnalyticsNotification{Event: "dinner"})
	})
}

func TestBackgroundJobs(t *testing.T) {
	each(t, func(s *showcase) {
		ann, bob := s.dial("/ws/background_jobs"), s.dial("/ws/background_jobs")
		for _, c := range []*chanxtest.Client{ann, bob} {
			expect(s, c, app.JobStatus{"status": "connected", "message": "Connected to the worker"})
		}
		for kind, want := range map[string]string{
			"upper": "HELLO THERE", "reverse": "ereht olleh", "count": "11 characters in 2 words",
			"default": "Done: hello there", "anything": "Done: hello there",
		} {
			queued := chanxtest.Request[app.JobStatus](ann, app.Job{Type: kind, Content: "hello there"})
			if queued["status"] != "queued" {
				s.Errorf("the reply is %v", queued)
			}
			if first := chanxtest.Expect[app.JobStatus](ann); first["status"] != "queuing" {
				s.Errorf("the first status is %v", first)
			}
			expect(s, ann, app.JobStatus{"status": "result", "job_id": queued["job_id"], "message": want})
		}
		bob.ExpectNothing()
		s.publish("background_jobs", "extra_event", `"hello"`)
		expect(s, bob, app.ExtraResponse("extra: hello"))
	})
}

// A job ends with nobody to tell, and the worker goes on.
func TestBackgroundJobOfOneWhoLeft(t *testing.T) {
	each(t, func(s *showcase) {
		ann := s.dial("/ws/background_jobs")
		ann.Next()
		ann.Send(app.Job{Type: "upper", Content: "too late"})
		ann.Next()
		ann.Next()
		ann.Close(chanx.CloseNormal, "")

		bob := s.dial("/ws/background_jobs")
		bob.Next()
		bob.Send(app.Job{Type: "upper", Content: "hello"})
		bob.Next()
		bob.Next()
		if result := chanxtest.Expect[app.JobStatus](bob); result["message"] != "HELLO" {
			s.Errorf("the result is %v", result)
		}
	})
}

func TestTooManyJobs(t *testing.T) {
	eachWith(t, time.Hour, func(s *showcase) {
		c := s.dial("/ws/background_jobs")
		c.Next()
		for range 400 {
			c.Send(app.Job{Content: "x"})
		}
		queued, refused := 0, 0
		for range 2 * 400 {
			f := c.Next()
			if e := f.Error(); e != nil && e.Reason == chanx.Unavailable {
				refused++
			} else if f.Action == "job_status" {
				queued++
			}
		}
		if refused == 0 || queued+refused < 2*400 {
			s.Errorf("%d statuses, %d refusals", queued, refused)
		}
	})
}

func TestRoom(t *testing.T) {
	each(t, func(s *showcase) {
		kitchen, garden := "kitchen", "garden & more"
		ann := s.dial("/ws/room/kitchen")
		bob := s.dial("/ws/room/kitchen")
		cleo := s.dial("/ws/room/garden%20&%20more")
		expect(s, ann, app.RoomNotification{Message: "Somebody joined the room", RoomName: &kitchen, Status: app.Pending})

		bob.SendRaw(`{"action":"room_chat","payload":{"message":"hello"}}`)
		ann.SendRaw(`{"action":"room_chat","payload":{"message":"hi","room_name":"elsewhere","status":"FAILED"}}`)
		cleo.SendRaw(`{"action":"room_chat","payload":{"message":"sun","room_name":null,"status":"DELIVERED"}}`)
		for _, c := range []*chanxtest.Client{ann, bob} {
			got := map[string]app.Status{}
			for range 2 {
				m := chanxtest.Expect[app.RoomNotification](c)
				got[m.Message+" in "+*m.RoomName] = m.Status
			}
			if diff := cmp.Diff(map[string]app.Status{"hello in kitchen": app.Pending, "hi in kitchen": app.Failed}, got); diff != "" {
				s.Errorf("(-want +got):\n%s", diff)
			}
		}
		expect(s, cleo, app.RoomNotification{Message: "sun", RoomName: &garden, Status: app.Delivered})
		bob.Close(chanx.CloseNormal, "")
		expect(s, ann, app.RoomNotification{Message: "Somebody left the room", RoomName: &kitchen, Status: app.Pending})
		cleo.ExpectNothing()
	})
}

func TestBench(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dial("/ws/bench")
		if got := chanxtest.Request[app.EchoReply](c, app.Echo{Text: "hello"}); got.Text != "hello" {
			s.Errorf("the echo is %q", got.Text)
		}
		chanxtest.RequestError(c, app.Echo{}, chanx.Invalid)

		ann, bob, elsewhere := s.dial("/ws/bench/room/a"), s.dial("/ws/bench/room/a"), s.dial("/ws/bench/room/b")
		ann.Send(app.Publish{Seq: 1, T: 1_700_000_000_000_000_000, Text: "hello"})
		for _, c := range []*chanxtest.Client{ann, bob} {
			expect(s, c, app.Published{Seq: 1, T: 1_700_000_000_000_000_000, Text: "hello"})
		}
		elsewhere.ExpectNothing()
		chanxtest.Request[app.EchoReply](elsewhere, app.Echo{Text: "hello"})
	})
}

func TestShutdown(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dial("/ws/room/last")
		done := make(chan error, 1)
		go func() { done <- s.app.Hub.Shutdown(context.Background()) }()
		c.ExpectClose(chanx.CloseRestart)
		if err := <-done; err != nil {
			s.Error(err)
		}
		s.refused("/ws/room/last", 503, nil)
	})
}
