// Fiber is a small REST app, of orders, to which live updates have been added: who
// is connected to /ws/orders hears of every order that POST /orders takes.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-playground/validator/v10"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/basicauth"
	"github.com/gofiber/fiber/v2/middleware/logger"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/gofiber/fiber/v2/utils"
)

// NewOrder is what a customer sends.
type NewOrder struct {
	Item     string `json:"item" validate:"required,max=100"`
	Quantity int    `json:"quantity" validate:"required,min=1,max=99"`
}

// Order is one that was taken.
type Order struct {
	ID int `json:"id"`
	NewOrder
	By string `json:"by"`
}

// OrderCreated is the event that the REST side publishes.
type OrderCreated struct{ Order }

// Action names the event.
func (OrderCreated) Action() string { return "order_created" }

// OrderNews is what a client hears of it.
type OrderNews struct {
	Order Order `json:"order"`
	Mine  bool  `json:"mine"`
}

// Action names the message.
func (OrderNews) Action() string { return "order_news" }

const watchers = "orders" // the group of all who watch

// Live is one client that watches the orders.
type Live struct {
	*chanx.Conn

	user string
}

func openLive(ctx context.Context, conn *chanx.Conn) (*Live, error) {
	user, ok := chanx.Identity[string](conn) // whom basicauth let in
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return &Live{conn, user}, conn.Join(ctx, watchers)
}

// OrderCreated tells the client of an order, and whether it is the client's own.
func (l *Live) OrderCreated(_ context.Context, e OrderCreated) (OrderNews, error) {
	return OrderNews{Order: e.Order, Mine: e.Order.By == l.user}, nil
}

// shop keeps the orders, in memory.
type shop struct {
	live     *chanx.Consumer[*Live]
	validate *validator.Validate

	mu     sync.Mutex
	orders []Order
}

func (s *shop) list(c *fiber.Ctx) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.JSON(s.orders)
}

func (s *shop) get(c *fiber.Ctx) error {
	id, _ := c.ParamsInt("id")
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 1 || id > len(s.orders) {
		return fiber.NewError(fiber.StatusNotFound, "no such order")
	}
	return c.JSON(s.orders[id-1])
}

func (s *shop) create(c *fiber.Ctx) error {
	var order Order
	if err := c.BodyParser(&order.NewOrder); err != nil {
		return fiber.NewError(fiber.StatusBadRequest, err.Error())
	}
	if err := s.validate.Struct(order.NewOrder); err != nil {
		return fiber.NewError(fiber.StatusBadRequest, err.Error())
	}
	order.Item = utils.CopyString(order.Item) // fiber uses its memory again, and the order is kept
	order.By = utils.CopyString(c.Locals("username").(string))
	s.mu.Lock()
	order.ID = len(s.orders) + 1
	s.orders = append(s.orders, order)
	s.mu.Unlock()

	if err := s.live.Publish(c.UserContext(), OrderCreated{order}, watchers); err != nil {
		log.Print(err) // the order is taken all the same
	}
	return c.Status(fiber.StatusCreated).JSON(order)
}

// publicError tells a client what was made for that. Fiber's own handler would tell
// the text of any error, and of a panic.
func publicError(c *fiber.Ctx, err error) error {
	if _, ok := errors.AsType[*fiber.Error](err); !ok {
		log.Print(err)
		err = fiber.ErrInternalServerError
	}
	return fiber.DefaultErrorHandler(c, err)
}

func routes(hub *chanx.Hub) *fiber.App {
	s := &shop{live: chanx.NewConsumer(hub, "orders", openLive, nil), validate: validator.New(), orders: []Order{}}
	chanx.MapEvent(s.live, (*Live).OrderCreated)

	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadTimeout: 10 * time.Second, ErrorHandler: publicError})
	app.Use(logger.New(), recovery.New())
	chanxfiber.Docs(app, "/asyncapi", hub, nil)
	members := app.Group("/", basicauth.New(basicauth.Config{
		Users: map[string]string{"ann": "lovelace", "ben": "babbage"},
	}))
	members.Get("/orders", s.list)
	members.Post("/orders", s.create)
	members.Get("/orders/:id", s.get)
	chanxfiber.Handle(members, "/ws/orders", s.live, nil)
	return app
}

// serve serves until ctx ends.
func serve(ctx context.Context, hub *chanx.Hub, listener net.Listener) error {
	app := routes(hub)
	failed := make(chan error, 1)
	go func() { failed <- app.Listener(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// The sockets go first: fiber doesn't wait for them.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(drain), app.ShutdownWithContext(drain))
}

const usage = `watch: npx wscat -c ws://ann:lovelace@%[1]s/ws/orders
order: curl --json '{"item":"tea","quantity":2}' http://ben:babbage@%[1]s/orders
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "localhost:8080")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf(usage, listener.Addr())
	if err := serve(ctx, chanx.NewHub(nil), listener); err != nil {
		log.Fatal(err)
	}
}
