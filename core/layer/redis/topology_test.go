package chanxredis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// reach publishes from one layer until another gets it, and its own count of losses
// and what it got say together what became of the messages.
func reach(t *testing.T, from, to *chanxredis.Layer, channel string, got *record, mark string) {
	t.Helper()
	for i := 0; ; i++ {
		text := fmt.Sprint(mark, "-", i)
		if err := from.Publish(t.Context(), channel, []byte(text)); err == nil {
			arrived := got.has(text)
			deadline := time.After(2 * time.Second)
			for !arrived() {
				select {
				case <-time.After(5 * time.Millisecond):
					continue
				case <-deadline:
				}
				break
			}
			if arrived() {
				return
			}
		}
		if i > 500 {
			t.Fatalf("%s: nothing arrives: %+v", mark, to.Health())
		}
		<-time.After(20 * time.Millisecond)
	}
}

// After sentinels have put the replica in the master's place, because they were told
// to or because it died, layers find each other again.
func TestSentinel(t *testing.T) {
	t.Parallel()
	s := servertest.RedisSentinel(t)
	o := chanxredis.Options{Timeout: brief}
	a, b := open(t, s.URL, &o), open(t, s.URL+"?db=0", &o)
	gotA, gotB := subscribe(t, a, "room"), subscribe(t, b, "room")
	reach(t, a, b, "room", gotB, "first")

	s.Failover()
	reach(t, a, b, "room", gotB, "switched")
	reach(t, b, a, "room", gotA, "switched-back")

	s.Await()
	before := s.Master()
	before.Kill()
	s.AwaitMaster(before)
	reach(t, a, b, "room", gotB, "killed")
	reach(t, b, a, "room", gotA, "killed-back")
	for _, l := range []*chanxredis.Layer{a, b} {
		await(t, "health", connected(l))
		if l.Health().Outages == 0 {
			t.Errorf("health: %+v", l.Health())
		}
	}
}

// channels returns names in many partitions.
func channels(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("room-", i)
	}
	return names
}

// A cluster that gives a killed master's slots to its replica, and one that moves a
// slot to another node, go on carrying messages; only the parts that are affected are
// away meanwhile.
func TestClusterFailover(t *testing.T) {
	t.Parallel()
	c := servertest.RedisCluster(t, 3, 1)
	o := chanxredis.Options{Timeout: brief}
	a, b := open(t, c.URL, &o), open(t, c.URL, &o)
	names := channels(40)
	got := make([]*record, len(names))
	for i, name := range names {
		got[i] = subscribe(t, b, name)
		reach(t, a, b, name, got[i], "first")
	}
	c.Servers[0].Kill()
	await(t, "the loss", away(b))
	var well, ill int
	for _, name := range names {
		if a.Publish(t.Context(), name, []byte("meanwhile")) == nil {
			well++
		} else {
			ill++
		}
	}
	if well == 0 || ill == 0 {
		t.Errorf("with one of three masters killed, %d channels were well and %d ill", well, ill)
	}
	c.Await()
	for i, name := range names {
		reach(t, a, b, name, got[i], "after")
	}
	await(t, "health", connected(a))
	await(t, "health", connected(b))
}

func TestClusterMigration(t *testing.T) {
	t.Parallel()
	c := servertest.RedisCluster(t, 2, 0)
	o := chanxredis.Options{Timeout: brief, Partitions: 4}
	a, b := open(t, c.URL, &o), open(t, c.URL, &o)
	names := channels(10)
	got := make([]*record, len(names))
	for i, name := range names {
		got[i] = subscribe(t, b, name)
		reach(t, a, b, name, got[i], "first")
	}
	from, to := c.Servers[0], c.Servers[1]
	fromID, toID := from.MustDo("CLUSTER", "MYID"), to.MustDo("CLUSTER", "MYID")
	for _, tag := range chanxredis.Tags(4) {
		if c.MasterOf("{"+tag+"}") != from {
			continue
		}
		slot := from.MustDo("CLUSTER", "KEYSLOT", "{"+tag+"}")
		to.MustDo("CLUSTER", "SETSLOT", slot, "IMPORTING", fromID)
		from.MustDo("CLUSTER", "SETSLOT", slot, "MIGRATING", toID)
		if keys := from.MustDo("CLUSTER", "GETKEYSINSLOT", slot, "100"); keys != "" {
			t.Errorf("keys: %s", keys)
		}
		to.MustDo("CLUSTER", "SETSLOT", slot, "NODE", toID)
		from.MustDo("CLUSTER", "SETSLOT", slot, "NODE", toID)
	}
	for i, name := range names {
		reach(t, a, b, name, got[i], "moved")
	}
	await(t, "health", connected(b))
}

// The rights that the README adds for a cluster and for sentinels are those that are
// needed.
func TestRulesOfMany(t *testing.T) {
	t.Parallel()
	t.Run("Cluster", func(t *testing.T) {
		t.Parallel()
		c := chanxredis.Servers.Cluster()
		user := chanxredis.Prefix()
		for _, s := range c.Servers {
			s.MustDo(append([]string{"ACL", "SETUSER", user, "on", ">secret"}, append(rule(t), added(t, "A cluster needs")...)...)...)
		}
		u := strings.Replace(c.URL, "://", "://"+user+":secret@", 1)
		checkAll(t, open(t, u, &chanxredis.Options{Prefix: "chanx:" + chanxredis.Prefix()}))
	})
	t.Run("Sentinel", func(t *testing.T) {
		t.Parallel()
		c := servertest.RedisSentinel(t)
		for _, s := range c.Servers {
			s.MustDo(append([]string{"ACL", "SETUSER", "app", "on", ">secret"}, append(rule(t), added(t, "With sentinels it is")...)...)...)
		}
		for _, s := range c.Sentinels {
			s.MustDo(append([]string{"ACL", "SETUSER", "watch", "on", ">hidden", "allchannels", "-@all"}, added(t, "own user needs")...)...)
		}
		u := strings.Replace(c.URL, "://", "://app:secret@", 1) + "?sentinel_username=watch&sentinel_password=hidden"
		checkAll(t, open(t, u, &chanxredis.Options{}))
	})
}

// added returns the first list of rights after some words of the README.
func added(t *testing.T, words string) []string {
	_, rest, found := strings.Cut(readme(t), words)
	_, rest, begins := strings.Cut(rest, "`")
	list, _, ends := strings.Cut(rest, "`")
	if !found || !begins || !ends {
		t.Fatalf("README.md has no list after %q", words)
	}
	return strings.Fields(list)
}

// checkAll does a little of everything.
func checkAll(t *testing.T, l *chanxredis.Layer) {
	t.Helper()
	got := subscribe(t, l, "room")
	publish(t, l, "room", "hello")
	await(t, "a message", got.has("hello"))
	keep := layer.Retention{Entries: 2, Age: time.Minute}
	if err := l.Append(t.Context(), "room", []byte("entry"), keep); err != nil {
		t.Error(err)
	}
	if _, err := l.Renew(t.Context(), "owner", time.Minute); err != nil {
		t.Error(err)
	}
	if err := l.Enter(t.Context(), "room", layer.Session{Key: "ann", ID: "1", Owner: "owner"}); err != nil {
		t.Error(err)
	}
	if members, err := l.Members(t.Context(), "room"); err != nil || len(members) != 1 {
		t.Errorf("members: %v, %v", members, err)
	}
	if !l.Health().Connected {
		t.Errorf("health: %+v", l.Health())
	}
}
