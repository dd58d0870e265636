// Chi is a small REST app, of orders, to which live updates have been added: who
// is connected to /ws/orders hears of every order that POST /orders takes.
package main

import (
	"context"
	"encoding/json"
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

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// NewOrder is what a customer sends.
type NewOrder struct {
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

func (o NewOrder) validate() error {
	switch {
	case o.Item == "" || len(o.Item) > 100:
		return errors.New("an item has 1 to 100 bytes")
	case o.Quantity < 1 || o.Quantity > 99:
		return errors.New("a quantity is 1 to 99")
	}
	return nil
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
	user, ok := chanx.Identity[string](conn) // see who
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

func (s *shop) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusOK, s.orders)
}

func (s *shop) get(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(chi.URLParam(r, "id"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 1 || id > len(s.orders) {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, s.orders[id-1])
}

func (s *shop) create(w http.ResponseWriter, r *http.Request) {
	var order Order
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&order.NewOrder)
	if err == nil {
		err = order.validate()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	order.By = who(r)
	s.mu.Lock()
	order.ID = len(s.orders) + 1
	s.orders = append(s.orders, order)
	s.mu.Unlock()

	// The order is taken, whether or not its customer still waits for the answer.
	ctx := context.WithoutCancel(r.Context())
	if err := s.live.Publish(ctx, OrderCreated{order}, watchers); err != nil {
		log.Print(err)
	}
	answer(w, http.StatusCreated, order)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// who is the user whom middleware.BasicAuth let in.
func who(r *http.Request) string {
	name, _, _ := r.BasicAuth()
	return name
}

func routes(hub *chanx.Hub) http.Handler {
	s := &shop{live: chanx.NewConsumer(hub, "orders", openLive, nil), orders: []Order{}}
	chanx.MapEvent(s.live, (*Live).OrderCreated)

	r := chi.NewRouter()
	r.Use(middleware.Logger, middleware.Recoverer)
	chanxchi.Docs(r, "/asyncapi", hub, nil)
	r.Group(func(r chi.Router) {
		r.Use(middleware.BasicAuth("orders", map[string]string{"ann": "lovelace", "ben": "babbage"}))
		r.Get("/orders", s.list)
		r.Post("/orders", s.create)
		r.Get("/orders/{id}", s.get)
		chanxchi.Handle(r, "/ws/orders", s.live, &chanxchi.Options{
			Identity: func(r *http.Request) (any, error) { return who(r), nil },
		})
	})
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
