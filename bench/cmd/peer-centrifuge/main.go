// peer-centrifuge: the centrifuge node with its in-memory engine over its JSON
// protocol: RPC for echo, channel subscribe and publish for rooms.
// -tuned sets the options its documentation offers for CPU and memory: a write
// delay driven by a timer instead of a writer goroutine, replies outside the
// queue, and command processing off the read loop.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/chanx-go/chanx/bench/internal/peer"
)

func main() {
	tuned := flag.Bool("tuned", false, "write delay with timer, replies without queue, commands off the read loop")
	redis := flag.String("redis", "", "`address` of a Redis that connects several processes; empty for none")
	history := flag.Int("history", 0, "how many publications to keep of a channel")
	delay := flag.Duration("delay", time.Millisecond, "write delay with -tuned")
	ln := peer.Listen()
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if *redis != "" {
		if err := overRedis(node, *redis); err != nil {
			log.Fatal(err)
		}
	}
	keep := centrifuge.PublishOptions{HistorySize: *history}
	if *history > 0 {
		keep.HistoryTTL = 5 * time.Minute
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		r := centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: ""}}
		if *tuned {
			r.WriteDelay, r.WriteWithTimer, r.MaxMessagesInFrame = *delay, true, -1
			r.ReplyWithoutQueue = true
		}
		return r, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnRPC(func(e centrifuge.RPCEvent, cb centrifuge.RPCCallback) {
			if e.Method != "echo" {
				cb(centrifuge.RPCReply{}, centrifuge.ErrorMethodNotFound)
				return
			}
			b, err := peer.EchoData(e.Data)
			if err != nil {
				cb(centrifuge.RPCReply{}, centrifuge.ErrorBadRequest)
				return
			}
			cb(centrifuge.RPCReply{Data: b}, nil)
		})
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
			cb(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: *history > 0}}, nil)
		})
		c.OnPublish(func(_ centrifuge.PublishEvent, cb centrifuge.PublishCallback) {
			cb(centrifuge.PublishReply{Options: keep}, nil)
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	h := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin:                func(*http.Request) bool { return true },
		UseWriteBufferPool:         true,
		ProcessCommandsOffReadLoop: *tuned,
		MessageSizeLimit:           128 << 10,
	})
	mux := http.NewServeMux()
	mux.Handle("/ws", h)
	log.Fatal(http.Serve(ln, mux))
}

// overRedis gives the node centrifuge's Redis engine.
func overRedis(node *centrifuge.Node, addr string) error {
	shard, err := centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: addr})
	if err != nil {
		return err
	}
	shards := []*centrifuge.RedisShard{shard}
	broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{Shards: shards})
	if err != nil {
		return err
	}
	node.SetBroker(broker)
	presence, err := centrifuge.NewRedisPresenceManager(node, centrifuge.RedisPresenceManagerConfig{Shards: shards})
	if err != nil {
		return err
	}
	node.SetPresenceManager(presence)
	return nil
}
