module github.com/chanx-go/chanx/core/layer/faulttest

go 1.26.0

require (
	github.com/chanx-go/chanx/core v0.0.0
	github.com/chanx-go/chanx/core/layer/nats v0.0.0
	github.com/chanx-go/chanx/core/layer/redis v0.0.0
	github.com/coder/websocket v1.8.15
	github.com/google/go-cmp v0.7.0
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/nats-io/nats.go v1.55.0 // indirect
	github.com/nats-io/nkeys v0.4.16 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/redis/rueidis v1.0.79 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/chanx-go/chanx/core => ../../
	github.com/chanx-go/chanx/core/layer/nats => ../nats
	github.com/chanx-go/chanx/core/layer/redis => ../redis
)
