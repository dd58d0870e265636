module github.com/chanx-go/chanx/adapters/chi

go 1.26.0

require (
	github.com/chanx-go/chanx/core v0.0.0
	github.com/go-chi/chi/v5 v5.5.0
	github.com/google/go-cmp v0.7.0
)

require (
	github.com/coder/websocket v1.8.15 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
)

replace github.com/chanx-go/chanx/core => ../../core
