package chanxfiber

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// restName is the parameter that stands for fiber's "*" and "+", which have no
// name. Further ones of the same path are "path2" and so on.
const restName = "path"

// parse turns a path of fiber's in a group into an address whose parameters are
// plain names in braces, and returns those that are called something else in the
// path. fiber's own parser does it, in an app that nobody ever asks for anything.
func parse(prefix, path string) (address string, renamed map[string]string) {
	defer func() {
		if why := recover(); why != nil { // fiber's own panics don't say where
			panic(fmt.Sprintf("chanxfiber: the path %q: %v", path, why))
		}
	}()
	app := fiber.New(fiber.Config{CaseSensitive: true, StrictRouting: true, DisableStartupMessage: true})
	app.Group(prefix).Get(path, func(*fiber.Ctx) error { return nil }).Name("it")
	route := app.GetRoute("it")
	names, blanks, taken := fiber.Map{}, fiber.Map{}, map[string]bool{"": true}
	renamed = map[string]string{}
	for _, name := range route.Params {
		own := name
		if strings.ContainsAny(name, "*+") {
			own = restName
			if n := len(renamed) + 1; n > 1 {
				own += strconv.Itoa(n)
			}
			renamed[own] = name
		}
		if taken[own] {
			panic(fmt.Sprintf("there is a parameter without a name, or two of one name (* and + are called %q)", restName))
		}
		taken[own] = true
		names[name], blanks[name] = "{"+own+"}", ""
	}
	c := app.AcquireCtx(&fasthttp.RequestCtx{})
	defer app.ReleaseCtx(c)
	address, _ = c.GetRouteURL("it", names) // to memory
	if literal, _ := c.GetRouteURL("it", blanks); strings.ContainsAny(literal+strings.Join(route.Params, ""), "{}") {
		panic("braces are no parameters to fiber: write /:name, or /* for the rest")
	}
	return address, renamed
}
