// Package servertest starts the servers that layers connect to, for tests: Redis
// or Valkey, alone, as a cluster and under Sentinel, and NATS; and takes them away
// again, or the network in between, with [Proxy].
//
// The servers are real programs, which have to be installed: redis-server and
// nats-server. The environment variables CHANX_REDIS_SERVER and CHANX_NATS_SERVER
// name other programs, such as valkey-server. They listen on 127.0.0.1 alone, keep
// what they store in a folder of their own, and end with the test, or with its
// process where that is killed (on Linux).
//
// A function that can't do its work ends the test with Fatalf, so it must be called
// on the test's goroutine; what a test does about servers goes one after the other.
// The methods of [Proxy] may be called from many goroutines at once.
package servertest
