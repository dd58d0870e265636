package layer

import (
	"context"
	"errors"
	"time"
)

// ErrNoLease is the error of [Presence.Enter] where the session's owner has no
// lease: it was never renewed, or has ended.
var ErrNoLease = errors.New("layer: the owner has no lease")

// Presence is a [Layer] that knows who is on a channel.
//
// A member is present under a key, such as a user's id, through one or more
// sessions, such as the user's connections. Each session has an owner, which is
// the process that looks after it and holds a lease: when the lease runs out
// because the process has died, its sessions end.
//
// Channels of presence are apart from those of Publish and of [History]. What
// stands at Layer of names, contexts, closing and calls from inside a handler
// holds here too; keys, session ids and owners are texts like channels' names.
//
// What a call has done is seen by every call that begins after it has returned, in
// any process. Close ends no lease and no grace where there are other processes.
type Presence interface {
	// Renew gives an owner a lease, or prolongs the one it has: it ends after that
	// time, which must be above 0, without another Renew. The result is true where
	// the owner had none: it is new, or what it entered before is gone.
	Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error)

	// Release ends the lease of an owner, and with it its sessions, at once. Graces
	// that its sessions have left go on.
	Release(ctx context.Context, owner string) error

	// Enter adds a session, or replaces the info of one that is there. Where the
	// key was not present it has joined; where the info that others see of it
	// changes, that is told like a joining. They see the info of the session that
	// entered or changed last; entering again with the same info is neither. For an
	// owner without a lease the error is [ErrNoLease].
	Enter(ctx context.Context, channel string, s Session) error

	// Leave ends a session; one that isn't there is no error. If it was the last
	// one of its key, the key is present for grace longer, and if it enters again
	// meanwhile, through whatever session and owner, nobody is told of it. A grace
	// of 0 or less is none.
	Leave(ctx context.Context, channel string, s Session, grace time.Duration) error

	// Members returns who is present, sorted by key. The infos must not be changed.
	Members(ctx context.Context, channel string) ([]Member, error)

	// Watch calls handler with who is present, before it returns, and then with
	// every change, in order and each once, on the terms of [Layer.Subscribe]. A
	// layer that has lost track tells everyone anew.
	Watch(ctx context.Context, channel string, handler func(PresenceChange)) (Subscription, error)
}

// Session is one way through which a member is present. Sessions of a channel that
// differ in Key, ID or Owner are different ones.
type Session struct {
	Key   string // who it is
	ID    string // tells the sessions of a key apart
	Owner string
	Info  []byte // what others see; Leave does not look at it
}

// Member is who is present on a channel.
type Member struct {
	Key  string
	Info []byte
}

// PresenceChange is what has changed on a channel. No key is in it twice. It must
// not be changed or kept after the handler has returned.
type PresenceChange struct {
	All    bool     // Joined is everyone who is present, sorted by key, and Left is empty
	Joined []Member // who has joined, or shows other info than before
	Left   []string // keys of who has left
}
