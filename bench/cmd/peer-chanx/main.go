// peer-chanx: chanx on net/http, written as its users write it.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"strings"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"

	"github.com/chanx-go/chanx/bench/internal/chanxpeer"
	"github.com/chanx-go/chanx/bench/internal/peer"
)

func main() {
	history := flag.Int("history", 0, "how many frames to keep of rooms that are topics")
	url := flag.String("layer", "", "`URL` of a Redis or NATS that connects several processes; empty for none")
	ln := peer.Listen()
	l, err := open(*url)
	if err != nil {
		log.Fatal(err)
	}
	echo, room := chanxpeer.New(*history, l)

	mux := http.NewServeMux()
	chanxchi.Handle(mux, "/ws", echo, nil)
	chanxchi.Handle(mux, "/ws/room/{name}", room, nil)
	log.Fatal(http.Serve(ln, mux))
}

// open returns the layer at a URL, nil for none.
func open(url string) (layer.Layer, error) {
	switch {
	case url == "":
		return nil, nil
	case strings.HasPrefix(url, "nats"):
		return chanxnats.Open(context.Background(), url, nil)
	default:
		return chanxredis.Open(context.Background(), url, nil)
	}
}
