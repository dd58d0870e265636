module github.com/chanx-go/chanx/core/cmd/chanx

go 1.26.0

require (
	github.com/chanx-go/chanx/core v0.0.0-00010101000000-000000000000
	github.com/go-json-experiment/json v1.27.2
	go.yaml.in/yaml/v4 v4.0.0
)

replace github.com/chanx-go/chanx/core => ../..
