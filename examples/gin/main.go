// Gin is a small REST app, of orders, to which live updates have been added: who
// is connected to /ws/orders hears of every order that POST /orders takes.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/gin-gonic/gin"
)

// NewOrder is what a customer sends.
type NewOrder struct {
	Item     string `json:"item" binding:"required,max=100"`
	Quantity int    `json:"quantity" binding:"required,min=1,max=99"`
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
	user, ok := chanx.Identity[string](conn) // whom gin.BasicAuth let in
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
	live *chanx.Consumer[*Live]

	mu     sync.Mutex
	orders []Order
}

func (s *shop) list(c *gin.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.JSON(http.StatusOK, s.orders)
}

func (s *shop) get(c *gin.Context) {
	id, _ := strconv.Atoi(c.Param("id"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 1 || id > len(s.orders) {
		c.AbortWithStatusJSON(http.StatusNotFound, gin.H{"error": "no such order"})
		return
	}
	c.JSON(http.StatusOK, s.orders[id-1])
}

func (s *shop) create(c *gin.Context) {
	var order Order
	if err := c.ShouldBindJSON(&order.NewOrder); err != nil {
		c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"error": err.Error()})
		return
	}
	order.By = c.GetString(gin.AuthUserKey)
	s.mu.Lock()
	order.ID = len(s.orders) + 1
	s.orders = append(s.orders, order)
	s.mu.Unlock()

	// The order is taken, whether or not its customer still waits for the answer.
	ctx := context.WithoutCancel(c.Request.Context())
	if err := s.live.Publish(ctx, OrderCreated{order}, watchers); err != nil {
		_ = c.Error(err)
	}
	c.JSON(http.StatusCreated, order)
}

func routes(hub *chanx.Hub) http.Handler {
	s := &shop{live: chanx.NewConsumer(hub, "orders", openLive, nil), orders: []Order{}}
	chanx.MapEvent(s.live, (*Live).OrderCreated)

	r := gin.Default()
	chanxgin.Docs(r, "/asyncapi", hub, nil)
	members := r.Group("/", gin.BasicAuth(gin.Accounts{"ann": "lovelace", "ben": "babbage"}))
	members.GET("/orders", s.list)
	members.POST("/orders", s.create)
	members.GET("/orders/:id", s.get)
	chanxgin.Handle(members, "/ws/orders", s.live, nil)
	return r
}

// serve serves until ctx ends.
func serve(ctx context.Context, hub *chanx.Hub, listener net.Listener) error {
	server := &http.Server{Handler: routes(hub), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// The sockets go first: the server knows nothing of them.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(hub.Shutdown(drain), server.Shutdown(drain))
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
