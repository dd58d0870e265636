package schema_test

import (
	"errors"
	"fmt"

	"github.com/chanx-go/chanx/core/schema"
)

type Say struct {
	Text string `json:"text" minLength:"1" maxLength:"500" doc:"What to say"`
	Tone string `json:"tone" enum:"calm,loud" default:"calm"`
}

func Example() {
	registry := schema.NewRegistry(nil)
	say, err := schema.For[Say](registry)
	if err != nil {
		panic(err)
	}
	var m Say
	if err := say.Decode([]byte(`{"text":"hello"}`), &m); err != nil {
		panic(err)
	}
	fmt.Println(m.Text, m.Tone)

	err = say.Decode([]byte(`{"text":"","tone":"shrill"}`), &m)
	if invalid, ok := errors.AsType[*schema.InvalidError](err); ok {
		for _, v := range invalid.Violations {
			fmt.Println(v.Code, v)
		}
	}
	// Output:
	// hello calm
	// min_length /text must be at least 1 character long
	// enum /tone must be one of "calm", "loud"
}

func ExampleSchema_JSON() {
	say, err := schema.For[Say](schema.NewRegistry(nil))
	if err != nil {
		panic(err)
	}
	fmt.Println(string(say.JSON()))
	// Output:
	// {"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"text":{"type":"string","description":"What to say","minLength":1,"maxLength":500},"tone":{"type":"string","default":"calm","enum":["calm","loud"]}},"required":["text"]}
}
