// peer-chanx: chanx on net/http, written as its users write it.
package main

import (
	"flag"
	"log"
	"net/http"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"

	"github.com/chanx-go/chanx/bench/internal/chanxpeer"
	"github.com/chanx-go/chanx/bench/internal/peer"
)

func main() {
	history := flag.Int("history", 0, "how many frames to keep of rooms that are topics")
	ln := peer.Listen()
	echo, room := chanxpeer.New(*history, nil)

	mux := http.NewServeMux()
	chanxchi.Handle(mux, "/ws", echo, nil)
	chanxchi.Handle(mux, "/ws/room/{name}", room, nil)
	log.Fatal(http.Serve(ln, mux))
}
