module github.com/chanx-go/chanx/core/cmd/chanx

go 1.26.0

require (
	github.com/chanx-go/chanx/core v0.0.0
	github.com/go-json-experiment/json v1.27.2
	github.com/google/go-cmp v0.7.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	go.yaml.in/yaml/v4 v4.0.0
)

require (
	github.com/chanx-go/chanx/core/asyncapi/check v0.0.0
	golang.org/x/text v0.14.0 // indirect
)

replace github.com/chanx-go/chanx/core => ../..

replace github.com/chanx-go/chanx/core/asyncapi/check => ../../asyncapi/check
