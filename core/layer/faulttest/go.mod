module github.com/chanx-go/chanx/core/layer/faulttest

go 1.26.0

require (
	github.com/chanx-go/chanx/core v0.0.0
	github.com/chanx-go/chanx/core/layer/nats v0.0.0
	github.com/chanx-go/chanx/core/layer/redis v0.0.0
	github.com/coder/websocket v1.8.15
	github.com/google/go-cmp v0.7.0
)

replace (
	github.com/chanx-go/chanx/core => ../../
	github.com/chanx-go/chanx/core/layer/nats => ../nats
	github.com/chanx-go/chanx/core/layer/redis => ../redis
)
