module github.com/chanx-go/chanx/core/layer/redis

go 1.26.0

require (
	github.com/chanx-go/chanx/core v0.0.0
	github.com/redis/rueidis v1.0.79
)

require (
	github.com/google/go-cmp v0.7.0
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/chanx-go/chanx/core => ../../
