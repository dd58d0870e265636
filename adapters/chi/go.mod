module github.com/chanx-go/chanx/adapters/chi

go 1.26.0

require (
	github.com/chanx-go/chanx/core v0.0.0
	github.com/go-chi/chi/v5 v5.5.0
)

replace github.com/chanx-go/chanx/core => ../../core
