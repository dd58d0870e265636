module github.com/chanx-go/chanx/core/layer/faulttest

go 1.26.0

require (
	github.com/chanx-go/chanx/core v0.0.0
	github.com/google/go-cmp v0.7.0
)

replace github.com/chanx-go/chanx/core => ../../
