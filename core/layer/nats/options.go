package chanxnats

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Options configures [Open] and [OpenCore]. The zero value, or nil, is good for a
// server that asks for nothing.
type Options struct {
	// Prefix stands before every subject, and in the names of streams; "chanx" where
	// it is empty. Letters, digits, '-', '_', and '.' between others, are allowed; but
	// after a '.' none of h, l, m, p, q and y alone, which are what the layer itself
	// puts there. Layers with different prefixes share a server without meeting. The
	// URL's "prefix" does the same where this is empty.
	Prefix string

	// Timeout bounds every call that no context bounds earlier; 3 seconds where it is
	// 0. Within a third more a server is noticed that doesn't answer. A call that
	// comes while the client connects anew to a host that doesn't answer has to wait
	// for that first, so that it takes up to twice the time.
	Timeout time.Duration

	// TLS is for servers with certificates that the system doesn't know, or that
	// ask for one. With it the connection uses TLS whatever the URL's scheme.
	TLS *tls.Config

	// Credentials is the path of a file with a user's JWT and seed, as nsc makes it.
	Credentials string
	// NKey is the path of a file with the seed of a user's NKey.
	NKey string
	// Token is a secret that all clients of the server share.
	Token string

	// Domain is the JetStream domain, where the server is a leaf that has another
	// than the server it reaches JetStream on.
	Domain string
	// Replicas is on how many servers of a cluster each entry is kept; 1 where it
	// is 0. A stream that is there already keeps the number that it has.
	Replicas int
	// Memory keeps entries in the servers' memory, and not in files. They are gone
	// once all servers that keep them have restarted: channels then begin other
	// sequences. A stream that is there already stays where it is.
	Memory bool
	// MaxBytes is how much history a prefix may take on each server; 0 is whatever
	// the account allows. An Append that finds it full returns an error.
	MaxBytes int64

	// Logger gets what happens to the connection; [slog.Default] where it is nil.
	Logger *slog.Logger
}

// withDefaults returns a copy with every default filled in.
func (o *Options) withDefaults(t target) (Options, error) {
	var full Options
	if o != nil {
		full = *o
	}
	if full.Prefix == "" {
		full.Prefix = t.prefix
	}
	if full.Prefix == "" {
		full.Prefix = "chanx"
	}
	if full.Timeout == 0 {
		full.Timeout = 3 * time.Second
	}
	if full.Replicas == 0 {
		full.Replicas = 1
	}
	if full.Logger == nil {
		full.Logger = slog.Default()
	}
	return full, full.check()
}

func (o *Options) check() error {
	if o.Timeout < 0 || o.Replicas < 0 || o.MaxBytes < 0 {
		return errors.New("chanxnats: a negative Timeout, Replicas or MaxBytes")
	}
	edge := true // a '.' here would make an empty token
	for i := range len(o.Prefix) {
		c := o.Prefix[i]
		if c == '/' || c != '.' && !plain(c) || c == '.' && edge {
			return fmt.Errorf("chanxnats: prefix %q: only letters, digits, '-', '_' and single '.' between them", o.Prefix)
		}
		edge = c == '.'
	}
	if edge {
		return fmt.Errorf("chanxnats: prefix %q ends with '.'", o.Prefix)
	}
	for i, part := range strings.Split(o.Prefix, ".") {
		if i > 0 && isKind(part) {
			return fmt.Errorf("chanxnats: prefix %q: the layer keeps .%s for itself", o.Prefix, part)
		}
	}
	return nil
}

// isKind reports whether a token stands for a kind of what is sent, so that it may be
// the one that comes right after another prefix.
func isKind(token string) bool {
	switch token {
	case messageKind, entryKind, liveKind, yieldKind, presenceKind, presenceLiveKind:
		return true
	default:
		return false
	}
}
