package faulttest_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer/servertest"
)

// scenario is a fault on a layer.
type scenario struct {
	layer  string // as the report calls it
	fault  string
	system func(testing.TB) *system
	do     func(*field)
	// kept says that no client is ever told that it has missed something: the
	// topics' entries survive. Otherwise they may be told so, never missing
	// anything in silence.
	kept bool
	// recovers says that clients come back to other processes, and are told that
	// they have got everything.
	recovers bool
}

const (
	onRedis    = "Redis"
	onSentinel = "Redis, Sentinel"
	onCluster  = "Redis Cluster"
	onNATS     = "NATS JetStream"
	onNATS3    = "NATS JetStream, three servers"
	onCore     = "NATS without JetStream"
)

// scenarios are all of them, in the order of the report.
var scenarios = []scenario{
	{layer: onRedis, fault: "killed, 2 s later started again", system: redis, do: killed},
	{layer: onRedis, fault: "killed, and all it kept is gone", system: redisInMemory, do: killed},
	{layer: onRedis, fault: "stopped, 2 s later started again", system: redis, do: stopped},
	{layer: onRedis, fault: "out of reach for 30 s", system: redis, do: outOfReach(30 * time.Second), kept: true},
	{layer: onRedis, fault: "out of reach of one process for 10 s", system: redis, do: oneOutOfReach, kept: true},
	{layer: onRedis, fault: "connections cut ten times", system: redis, do: cut, kept: true},
	{layer: onRedis, fault: "slow, 200 ms each way", system: redis, do: slow, kept: true},
	{layer: onRedis, fault: "full", system: redis, do: full, kept: true},
	{layer: onRedis, fault: "paused for 10 s", system: redis, do: paused, kept: true},
	{layer: onRedis, fault: "a process killed while it publishes", system: redis, do: processKilled, kept: true, recovers: true},
	{layer: onRedis, fault: "clients move from process to process", system: redis, do: moving, kept: true, recovers: true},
	{layer: onRedis, fault: "a client that does not read", system: redis, do: slowClient, kept: true, recovers: true},
	{layer: onSentinel, fault: "the master killed, a replica in its place", system: redisSentinel, do: masterKilled},
	{layer: onSentinel, fault: "a failover that was ordered", system: redisSentinel, do: failover},
	{layer: onCluster, fault: "a master killed, a replica in its place", system: redisCluster, do: clusterMasterKilled},
	{layer: onNATS, fault: "killed, 2 s later started again", system: nats, do: killed, kept: true},
	{layer: onNATS, fault: "killed, and all it kept is gone", system: natsInMemory, do: killed},
	{layer: onNATS, fault: "stopped, 2 s later started again", system: nats, do: stopped, kept: true},
	{layer: onNATS, fault: "out of reach for 30 s", system: nats, do: outOfReach(30 * time.Second), kept: true},
	{layer: onNATS, fault: "out of reach of one process for 10 s", system: nats, do: oneOutOfReach, kept: true},
	{layer: onNATS, fault: "connections cut ten times", system: nats, do: cut, kept: true},
	{layer: onNATS, fault: "slow, 200 ms each way", system: nats, do: slow, kept: true},
	{layer: onNATS, fault: "full", system: nats, do: full, kept: true},
	{layer: onNATS, fault: "paused for 10 s", system: nats, do: paused, kept: true},
	{layer: onNATS, fault: "a process killed while it publishes", system: nats, do: processKilled, kept: true, recovers: true},
	{layer: onNATS, fault: "clients move from process to process", system: nats, do: moving, kept: true, recovers: true},
	{layer: onNATS, fault: "a client that does not read", system: nats, do: slowClient, kept: true, recovers: true},
	{layer: onNATS3, fault: "the leader killed", system: natsCluster, do: leaderKilled, kept: true},
	{layer: onCore, fault: "killed, 2 s later started again", system: natsCore, do: killed},
	{layer: onCore, fault: "out of reach of one process for 10 s", system: natsCore, do: oneOutOfReach},
}

func (s scenario) String() string { return s.layer + ": " + s.fault }

func killed(f *field) {
	f.system.server.Kill()
	f.notice(f.running()...)
	f.newcomer()
	f.wait(2 * time.Second)
	f.system.server.Start()
	f.restored()
}

func stopped(f *field) {
	f.system.server.Stop()
	f.notice(f.running()...)
	f.newcomer()
	f.wait(2 * time.Second)
	f.system.server.Start()
	f.restored()
}

func outOfReach(d time.Duration) func(*field) {
	return func(f *field) {
		f.system.through((*servertest.Proxy).Hang)
		f.notice(f.running()...)
		f.newcomer()
		f.wait(d - f.noticed)
		f.system.through((*servertest.Proxy).Restore)
		f.restored()
	}
}

func oneOutOfReach(f *field) {
	p := f.system.proxies["B"]
	p.Hang()
	f.notice(f.nodes[1])
	f.newcomer()
	f.wait(10*time.Second - f.noticed)
	p.Restore()
	f.restored()
}

func cut(f *field) {
	for range 10 {
		f.system.through((*servertest.Proxy).Cut)
		f.wait(100 * time.Millisecond)
		f.system.through((*servertest.Proxy).Restore)
		f.wait(300 * time.Millisecond)
	}
	f.restored()
}

func slow(f *field) {
	f.system.through(func(p *servertest.Proxy) { p.Slow(200 * time.Millisecond) })
	f.wait(6 * time.Second)
	f.system.through((*servertest.Proxy).Restore)
	f.restored()
}

func full(f *field) {
	restore := f.system.full()
	f.wait(3 * time.Second)
	restore()
	f.restored()
}

func paused(f *field) {
	f.system.server.Pause()
	f.notice(f.running()...)
	f.newcomer()
	f.wait(10*time.Second - f.noticed)
	f.system.server.Resume()
	f.restored()
}

// processKilled kills a process; its clients go on to others. Then it comes again.
func processKilled(f *field) {
	f.wait(time.Second)
	f.kill("B")
	f.wait(2 * time.Second)
	f.add("B2", false)
	f.restored()
}

// moving has every client go to another process, again and again.
func moving(f *field) {
	for range 5 {
		for _, c := range f.clients {
			c.leave()
		}
		f.wait(600 * time.Millisecond)
	}
	f.restored()
}

// slowClient has a client of process B that reads nothing of what A sends it. It
// is thrown out, and nobody else has to wait.
func slowClient(f *field) {
	at, drink := time.Now(), make(chan struct{})
	idle := f.client("idle", 1)
	idle.groups = append(idle.groups, "bulk")
	idle.drink, idle.http = drink, narrow()
	idle.start()
	f.until("the idle client is there", func() bool { return idle.opens.Load() > 0 })
	f.nodes[0].order(order{Do: "load", Groups: []string{"bulk"}, Every: 50 * time.Millisecond, Padding: 64 << 10})
	begin := f.nodes[1].health().Connections
	f.until("the idle client is thrown out", func() bool { return f.nodes[1].health().Connections < begin })
	f.wait(time.Second)
	close(drink)
	f.until("the idle client knows", func() bool { return idle.opens.Load() > 1 })
	for _, c := range f.clients {
		if late := f.ledger.latest(c.name, at); late > 2*slack { // the write deadline of the one that does not read is 5 s
			f.Errorf("%s had to wait for %v, because another does not read", c.name, late)
		}
	}
	f.clients = append(f.clients, idle)
	f.restored()
}

func masterKilled(f *field) {
	master := f.system.sentinel.Master()
	master.Kill()
	f.notice(f.running()...)
	f.system.sentinel.AwaitMaster(master)
	f.restored()
}

func failover(f *field) {
	f.system.sentinel.Failover()
	f.notice(f.running()...)
	f.restored()
}

func clusterMasterKilled(f *field) {
	master, most := f.system.cluster.Servers[0], 0
	for _, s := range f.system.cluster.Servers[:3] { // one that keeps topics
		if n, err := strconv.Atoi(s.MustDo("DBSIZE")); err == nil && n > most {
			master, most = s, n
		}
	}
	master.Kill()
	f.notice(f.running()...)
	f.wait(4 * time.Second)
	f.system.cluster.Await()
	f.restored()
}

func leaderKilled(f *field) {
	streams := f.system.cluster.Servers[0].Streams()
	if len(streams) == 0 {
		f.Fatal("there is no stream")
	}
	f.system.cluster.Leader(streams[0]).Kill()
	f.wait(time.Second)
	f.system.cluster.Leader(streams[0])
	f.restored()
}
