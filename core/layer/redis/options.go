package chanxredis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Options are for [Open]. Nil, and the zero value of each field, mean the defaults.
type Options struct {
	// Prefix stands before the name of every key and channel, and so keeps the
	// layers of several applications on one server apart: those with the same prefix
	// are one. It is up to 64 letters, digits, and "-", "_", ".", ":" or "/". By
	// default it is the URL's, or else "chanx". In a database other than 0 it is
	// followed by "@" and the database's number, since Redis has the same channels in
	// all of them.
	Prefix string

	// Timeout bounds every call that its context does not bound earlier; 3 s by
	// default. A server that answers nothing is noticed within four times that.
	Timeout time.Duration

	// TLS is for rediss:// and its like, where the system's certificates and the
	// URL's host don't do. It is not looked at for a URL without TLS.
	TLS *tls.Config

	// Partitions is how many parts a cluster's channels are spread over: 16 by
	// default, 1024 at the most. The keys and channels of a part are in one slot, so
	// on one node, and each process has one connection for the subscriptions of each
	// part: more than the cluster will have masters is waste. All processes must
	// have the same number, or Open fails. To change it, end them all and delete the
	// key that is the prefix and ":partitions"; what is kept is lost then. A server
	// that is no cluster has one part.
	Partitions int

	// Logger gets the losses of the server and its return; slog.Default by default.
	Logger *slog.Logger
}

const (
	defaultPrefix     = "chanx"
	defaultTimeout    = 3 * time.Second
	defaultPartitions = 16
	maxPartitions     = 1024
	maxPrefix         = 64
)

// withDefaults returns a copy with all fields set, for a target.
func (o *Options) withDefaults(t *target) (Options, error) {
	var all Options
	if o != nil {
		all = *o
	}
	if all.Prefix == "" {
		all.Prefix = t.prefix
	}
	if all.Prefix == "" {
		all.Prefix = defaultPrefix
	}
	if err := checkPrefix(all.Prefix); err != nil {
		return all, err
	}
	if t.db != 0 {
		all.Prefix = fmt.Sprintf("%s@%d", all.Prefix, t.db)
	}
	if all.Timeout < 0 {
		return all, errors.New("chanxredis: the timeout is below 0")
	}
	if all.Timeout == 0 {
		all.Timeout = defaultTimeout
	}
	if all.Partitions < 0 || all.Partitions > maxPartitions {
		return all, fmt.Errorf("chanxredis: the number of partitions is not between 1 and %d", maxPartitions)
	}
	if all.Partitions == 0 {
		all.Partitions = defaultPartitions
	}
	if t.mode != modeCluster {
		all.Partitions = 1
	}
	if all.Logger == nil {
		all.Logger = slog.Default()
	}
	return all, nil
}

// checkPrefix refuses what would mean something in a key or in the pattern of an
// ACL rule. The text itself is not in the error: a prefix comes from a URL, too.
func checkPrefix(prefix string) error {
	if len(prefix) > maxPrefix {
		return fmt.Errorf("chanxredis: the prefix is longer than %d bytes", maxPrefix)
	}
	for _, c := range []byte(prefix) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && !('0' <= c && c <= '9') && !strings.ContainsRune("-_.:/", rune(c)) {
			return errors.New(`chanxredis: the prefix has a character other than letters, digits and "-_.:/"`)
		}
	}
	return nil
}
