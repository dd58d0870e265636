package app

import (
	"context"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// Guest is what others may know of who is in a lobby.
type Guest struct {
	Name string `json:"name" doc:"As the guest writes it"`
}

// Lobby is a guest in a lobby.
type Lobby struct {
	*chanx.Subscription

	guest *Lounge
}

const (
	lobbyTopic  = "A room that remembers the last 100 posts and knows who is there, addressed as lobby:<room_name>."
	lobbyFrames = 100

	// lobbyGrace is short enough to wait for.
	lobbyGrace = 2 * time.Second
)

// newLobbies makes the topic that keeps history and tracks who is there.
func newLobbies(hub *chanx.Hub) (*chanx.Topic[*Lobby], *chanx.Presence[Guest]) {
	lobbies := chanx.NewTopic(hub, "lobby_topic", "lobby:{room_name}", openLobby, &chanx.TopicOptions{
		Doc:     chanx.Doc{Description: lobbyTopic},
		History: &chanx.History{Frames: lobbyFrames},
	})
	chanx.On(lobbies, func(l *Lobby, ctx context.Context, m Post) error {
		return lobbies.Publish(ctx, RoomEvent{Body: m.Body, Author: l.guest.Name}, l.Topic())
	}, chanx.Summary("Post to a lobby, in one's own name"))
	chanx.Forward[RoomEvent](lobbies)
	guests := chanx.TrackPresence(lobbies, func(l *Lobby) (string, Guest) { return l.guest.key, l.guest.Guest },
		&chanx.PresenceOptions{Grace: lobbyGrace})
	return lobbies, guests
}

// openLobby lets in who has a name.
func openLobby(_ context.Context, sub *chanx.Subscription) (*Lobby, error) {
	guest, ok := chanx.State[*Lounge](sub.Conn())
	if !ok || guest.key == "" {
		return nil, chanx.Errorf(chanx.Unauthorized, "say who you are: /ws/lounge?name=ada")
	}
	return &Lobby{sub, guest}, nil
}
