package chanx

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

// openTopicBench opens connections that may subscribe to topic:{n} and to the same
// with more to it.
func openTopicBench(b *testing.B, n int) ([]*Conn, map[string]*Topic[*Subscription]) {
	b.Helper()
	topics := map[string]*Topic[*Subscription]{}
	conns := openBenchWith(b, n, "", func(c *Consumer[*Conn]) {
		for name, o := range map[string]*TopicOptions{"plain": nil, "history": {History: &History{}}, "presence": nil} {
			t := NewTopic[*Subscription](c.c.hub, name, name+":{n}", nil, o)
			Reply(t, func(_ *Subscription, _ context.Context, m benchEcho) (benchReply, error) { return benchReply(m), nil })
			Forward[benchEvent](t)
			if name == "presence" {
				TrackPresence(t, func(s *Subscription) (string, struct{}) { return s.Conn().ID(), struct{}{} }, nil)
			}
			Topics(c, t)
			topics[name] = t
		}
	})
	return conns, topics
}

type benchEvent struct {
	Text string `json:"text"`
}

func (benchEvent) Action() string { return "event" }

func (c *Conn) mustReceive(b *testing.B, format string, args ...any) {
	b.Helper()
	if err := c.receive(false, fmt.Appendf(nil, format, args...)); err != nil {
		b.Fatal(err)
	}
}

func (c *Conn) subscribeBench(b *testing.B, topic string) {
	b.Helper()
	c.mustReceive(b, `{"topic":%q,"action":"subscribe"}`, topic)
	if !hasTopic(c, topic) {
		b.Fatalf("%s was not subscribed to", topic)
	}
}

func hasTopic(c *Conn, topic string) bool {
	c.groupsMu.Lock()
	defer c.groupsMu.Unlock()
	return c.topics[topic] != nil
}

// memory is what the program holds on to, after a collection.
func memory() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// What each of 100,000 topics costs with one subscriber, and each of 100,000
// subscriptions where 1,000 connections share 100 topics, when every topic has had
// an event of 30 bytes. Connections are there before, and not counted.
func BenchmarkTopicMemory(b *testing.B) {
	const connections, each = 1000, 100
	for _, name := range []string{"plain", "history", "presence"} {
		for _, shared := range []bool{false, true} {
			title := name + "/topics"
			if shared {
				title = name + "/subscriptions"
			}
			if shared && name == "presence" {
				continue // everybody would be told of everybody: that measures something else
			}
			b.Run(title, func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					conns, topics := openTopicBench(b, connections)
					before := memory()
					b.StartTimer()
					for i, c := range conns {
						for j := range each {
							n := i*each + j
							if shared {
								n = j
							}
							c.subscribeBench(b, fmt.Sprintf("%s:%d", name, n))
						}
					}
					b.StopTimer()
					for n := range map[bool]int{false: connections * each, true: each}[shared] {
						if err := topics[name].PublishParams(b.Context(), benchEvent{"hello, everybody"}, n); err != nil {
							b.Fatal(err)
						}
					}
					awaitQuiet(conns)
					b.ReportMetric(float64(memory()-before)/(connections*each), "B/"+map[bool]string{false: "topic", true: "subscription"}[shared])
					runtime.KeepAlive(conns)
					b.StartTimer()
				}
			})
		}
	}
}

// awaitQuiet waits until every topic has given what it had.
func awaitQuiet(conns []*Conn) {
	for _, c := range conns {
		for _, s := range c.subscriptions() {
			for busy := true; busy; runtime.Gosched() {
				s.group.mu.Lock()
				busy = s.group.busy
				s.group.mu.Unlock()
			}
		}
	}
}

// BenchmarkTopicDispatch is [BenchmarkDispatch] for a message to a topic.
func BenchmarkTopicDispatch(b *testing.B) {
	conns, _ := openTopicBench(b, 1)
	c := conns[0]
	c.subscribeBench(b, "plain:1")
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			frame := append([]byte(`{"version":1,"topic":"plain:1",`), benchFrame(size)[1:]...)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.receive(false, frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Publishing to a topic, with one subscriber: by one goroutine, and by several to
// topics of their own, which share nothing.
func BenchmarkTopicPublish(b *testing.B) {
	for _, name := range []string{"plain", "history"} {
		conns, topics := openTopicBench(b, 64)
		for i, c := range conns {
			c.subscribeBench(b, fmt.Sprintf("%s:%d", name, i))
		}
		publish := func(b *testing.B, topic string) {
			if err := topics[name].Publish(context.Background(), benchEvent{"hello"}, topic); err != nil {
				b.Error(err)
			}
		}
		b.Run(name+"/one", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				publish(b, name+":0")
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			var n atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				topic := fmt.Sprintf("%s:%d", name, n.Add(1)%64)
				for pb.Next() {
					publish(b, topic)
				}
			})
		})
	}
}
