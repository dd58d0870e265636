// peer-adapter: peer-chanx on one web framework after the other.
package main

import (
	"flag"
	"log"
	"net/http"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v2"
	"github.com/labstack/echo/v4"

	"github.com/chanx-go/chanx/bench/internal/chanxpeer"
	"github.com/chanx-go/chanx/bench/internal/peer"
)

func main() {
	framework := flag.String("framework", "chi", "gin, echo, fiber or chi")
	reduce := flag.Bool("reduce", false, "have fiber hold less memory")
	ln := peer.Listen()
	echoes, room := chanxpeer.New(0, nil)

	switch *framework {
	case "gin":
		gin.SetMode(gin.ReleaseMode)
		r := gin.New()
		chanxgin.Handle(r, "/ws", echoes, nil)
		chanxgin.Handle(r, "/ws/room/:name", room, nil)
		log.Fatal(http.Serve(ln, r))
	case "echo":
		e := echo.New()
		chanxecho.Handle(e, "/ws", echoes, nil)
		chanxecho.Handle(e, "/ws/room/:name", room, nil)
		log.Fatal(http.Serve(ln, e))
	case "fiber":
		app := fiber.New(fiber.Config{DisableStartupMessage: true, ReduceMemoryUsage: *reduce})
		chanxfiber.Handle(app, "/ws", echoes, nil)
		chanxfiber.Handle(app, "/ws/room/:name", room, nil)
		log.Fatal(app.Listener(ln))
	case "chi":
		r := chi.NewRouter()
		chanxchi.Handle(r, "/ws", echoes, nil)
		chanxchi.Handle(r, "/ws/room/{name}", room, nil)
		log.Fatal(http.Serve(ln, r))
	default:
		log.Fatalf("unknown framework %q", *framework)
	}
}
