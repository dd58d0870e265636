module github.com/chanx-go/chanx/core/asyncapi/reactpage

go 1.26.0

require github.com/chanx-go/chanx/core v0.0.0

require (
	github.com/coder/websocket v1.8.15 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
)

replace github.com/chanx-go/chanx/core => ../..
