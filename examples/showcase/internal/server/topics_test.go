package server_test

import (
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
)

func TestTwoTopicsOnOneConnection(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dial("/ws/topics")
		lobby, garden := c.Topic("room:lobby").Subscribe(), c.Topic("room:garden").Subscribe()
		ann := c.Topic("presence:ann").Subscribe()
		if got := chanxtest.Request[app.Posted](lobby, app.RoomEcho{Body: "hi", Author: "ann"}); got.Body != "hi" || got.Author != "ann" {
			s.Errorf("the echo is %+v", got)
		}
		garden.Send(app.Post{Body: "sun", Author: "anonymous"})
		expect(s, garden, app.RoomEvent{Body: "sun", Author: "anonymous"})
		s.publish("room:lobby", "room_event", `{"body":"dinner","author":"cook"}`)
		expect(s, lobby, app.RoomEvent{Body: "dinner", Author: "cook"})
		s.publish("presence:ann", "presence_changed", `{"user":"ann","online":true}`)
		expect(s, ann, app.PresenceChanged{User: "ann", Online: true})
		chanxtest.Request[app.Pong](c, app.Ping{})

		garden.Unsubscribe()
		s.publish("room:garden", "room_event", `{"body":"rain"}`)
		chanxtest.RequestError(garden, app.Post{}, chanx.NotSubscribed)
		chanxtest.RequestError(ann, app.Post{}, chanx.UnknownAction)
		c.Topic("garden:ann").SubscribeError(chanx.UnknownTopic)
		c.Topic("lobby:kitchen").SubscribeError(chanx.UnknownTopic)
		c.ExpectNothing()
	})
}

func TestRoomOnItsOwnRoute(t *testing.T) {
	each(t, func(s *showcase) {
		one := s.dial("/ws/topics/room/lobby").Alone()
		hub := s.dial("/ws/topics").Topic("room:lobby").Subscribe()
		hub.Send(app.Post{Body: "from the hub", Author: "ann"})
		one.Send(app.Post{Body: "from the room", Author: "bob"})
		for _, topic := range []*chanxtest.Topic{one, hub} {
			got := map[string]string{}
			for range 2 {
				e := chanxtest.Expect[app.RoomEvent](topic)
				got[e.Body] = e.Author
			}
			if got["from the hub"] != "ann" || got["from the room"] != "bob" {
				s.Errorf("got %q", got)
			}
			topic.ExpectNothing()
		}
		s.refused("/ws/topics/room/a:b", 404, nil)
	})
}

// Who comes to the lounge with a name is online, whoever watches, until its last
// connection has ended.
func TestOnline(t *testing.T) {
	each(t, func(s *showcase) {
		ann := s.dial("/ws/topics").Topic("presence:ann").Subscribe()
		phone := s.dial("/ws/lounge?name=Ann")
		expect(s, ann, app.PresenceChanged{User: "ann", Online: true})
		laptop := s.dial("/ws/lounge?name=ann")
		s.dial("/ws/lounge?name=bob")
		s.dial("/ws/lounge")
		chanxtest.Request[app.Pong](laptop, app.Ping{}) // it is counted by now
		phone.Drop()
		ann.ExpectNothing()
		laptop.Close(chanx.CloseNormal, "")
		expect(s, ann, app.PresenceChanged{User: "ann", Online: false})
		s.refused("/ws/lounge?name=a:b", 400, nil)
	})
}

func TestLobby(t *testing.T) {
	each(t, func(s *showcase) {
		ann := s.dial("/ws/lounge?name=Ann").Topic("lobby:kitchen").Subscribe()
		expect(s, ann, who("Ann"))
		bob := s.dial("/ws/lounge?name=Bob")
		kitchen := bob.Topic("lobby:kitchen").Subscribe()
		expect(s, kitchen, who("Ann", "Bob"))
		expect(s, ann, chanx.PresenceJoined[app.Guest]{Key: "bob", Info: app.Guest{Name: "Bob"}})
		ann.Send(app.Post{Body: "hello", Author: "somebody else"})
		for _, topic := range []*chanxtest.Topic{ann, kitchen} {
			expect(s, topic, app.RoomEvent{Body: "hello", Author: "Ann"})
		}
		at := kitchen.Position()
		bob.Drop()

		s.publish("lobby:kitchen", "room_event", `{"body":"missed","author":"cook"}`)
		expect(s, ann, app.RoomEvent{Body: "missed", Author: "cook"})
		kitchen = s.dial("/ws/lounge?name=Bob").Topic("lobby:kitchen")
		if !kitchen.Recover(at) {
			s.Error("nothing was recovered")
		}
		expect(s, kitchen, app.RoomEvent{Body: "missed", Author: "cook"})
		expect(s, kitchen, who("Ann", "Bob"))
		ann.ExpectNothing() // Bob was away for less than the grace

		members, err := s.app.Guests.Members(s.Context(), "lobby:kitchen")
		if err != nil || len(members) != 2 || members[1].Info.Name != "Bob" {
			s.Errorf("the members are %v: %v", members, err)
		}
		kitchen.Unsubscribe()
		expect(s, ann, chanx.PresenceLeft{Key: "bob"})
		s.dial("/ws/lounge").Topic("lobby:kitchen").SubscribeError(chanx.Unauthorized)
	})
}

// More than the lobby remembers is lost, and the client is told.
func TestLobbyForgets(t *testing.T) {
	each(t, func(s *showcase) {
		ann := s.dial("/ws/lounge?name=Ann").Topic("lobby:kitchen").Subscribe()
		at := ann.Position()
		ann.Unsubscribe()
		for range 101 {
			s.publish("lobby:kitchen", "room_event", `{"body":"again"}`)
		}
		if ann.Recover(at) {
			s.Error("more was recovered than the lobby remembers")
		}
	})
}

func who(names ...string) (state chanx.PresenceState[app.Guest]) {
	for _, name := range names {
		state.Members = append(state.Members, chanx.Member[app.Guest]{Key: strings.ToLower(name), Info: app.Guest{Name: name}})
	}
	return state
}
