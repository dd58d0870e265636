// Package orderstest tests the quickstarts, which are one app, of orders, in each
// framework.
package orderstest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/google/go-cmp/cmp"
)

// News is what the app tells its watchers, as a client knows it.
type News struct {
	Order Order `json:"order"`
	Mine  bool  `json:"mine"`
}

// Action names the message.
func (News) Action() string { return "order_news" }

// Order is one that the app has taken.
type Order struct {
	ID       int    `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
	By       string `json:"by"`
}

// Test tests the app. serve serves it until the context ends.
func Test(t *testing.T, serve func(context.Context, *chanx.Hub, net.Listener) error) {
	t.Helper()
	for name, test := range map[string]func(*app){
		"REST":     testREST,
		"live":     testLive,
		"refusals": testRefusals,
		"shutdown": testShutdown,
	} {
		t.Run(name, func(t *testing.T) { test(start(t, serve)) })
	}
}

// app is one that runs for a test.
type app struct {
	*testing.T

	hub   *chanx.Hub
	host  string
	stop  context.CancelFunc
	ended chan struct{}
}

func start(t *testing.T, serve func(context.Context, *chanx.Hub, net.Listener) error) *app {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	a := &app{T: t, hub: chanx.NewHub(nil), host: listener.Addr().String(), stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(a.ended)
		if err := serve(ctx, a.hub, listener); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-a.ended
	})
	return a
}

// do sends a request of ann's, of ben's, or of nobody's, decodes the answer into
// out unless that is nil, and returns the status.
func (a *app) do(user, method, path, body string, out any) int {
	a.Helper()
	r, err := http.NewRequestWithContext(a.Context(), method, "http://"+a.host+path, strings.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	r.Header = as(user).Header
	r.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		a.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			a.Errorf("%s %s is answered with %q: %v", method, path, text, err)
		}
	}
	return response.StatusCode
}

// as are the options of a client with that user's password. "" is nobody.
func as(user string) *chanxtest.DialOptions {
	header := http.Header{}
	if user != "" {
		login := user + ":" + map[string]string{"ann": "lovelace", "ben": "babbage"}[user]
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(login)))
	}
	return &chanxtest.DialOptions{Header: header}
}

func (a *app) watch(user string) *chanxtest.Client {
	a.Helper()
	opts := as(user)
	opts.Hub = a.hub
	return chanxtest.DialURL(a, "ws://"+a.host+"/ws/orders", opts)
}

func testREST(a *app) {
	var none []Order
	if status := a.do("ann", http.MethodGet, "/orders", "", &none); status != http.StatusOK || none == nil || len(none) > 0 {
		a.Errorf("the orders are %v at first: %d", none, status)
	}
	want := []Order{{1, "tea", 2, "ann"}, {2, "cake", 1, "ben"}}
	for _, order := range want {
		body, err := json.Marshal(map[string]any{"item": order.Item, "quantity": order.Quantity, "by": "mallory", "id": 7})
		if err != nil {
			a.Fatal(err)
		}
		var got Order
		if status := a.do(order.By, http.MethodPost, "/orders", string(body), &got); status != http.StatusCreated || got != order {
			a.Errorf("%s is taken as %+v: %d", body, got, status)
		}
		if status := a.do("ann", http.MethodGet, "/orders/"+string(rune('0'+order.ID)), "", &got); status != http.StatusOK || got != order {
			a.Errorf("the order is %+v, want %+v: %d", got, order, status)
		}
	}
	var all []Order
	a.do("ben", http.MethodGet, "/orders", "", &all)
	if diff := cmp.Diff(want, all); diff != "" {
		a.Errorf("(-want +got):\n%s", diff)
	}
	for _, id := range []string{"0", "3", "-1", "x"} {
		if status := a.do("ann", http.MethodGet, "/orders/"+id, "", nil); status != http.StatusNotFound {
			a.Errorf("order %s is answered with %d", id, status)
		}
	}
}

func testLive(a *app) {
	ann, ben := a.watch("ann"), a.watch("ben")
	a.do("ann", http.MethodPost, "/orders", `{"item":"tea","quantity":2}`, nil)
	for client, mine := range map[*chanxtest.Client]bool{ann: true, ben: false} {
		want := News{Order{1, "tea", 2, "ann"}, mine}
		if diff := cmp.Diff(want, chanxtest.Expect[News](client)); diff != "" {
			a.Errorf("(-want +got):\n%s", diff)
		}
	}
	for _, invalid := range []string{
		``, `{`, `[]`, `{"quantity":2}`, `{"item":"tea"}`, `{"item":"tea","quantity":0}`, `{"item":"tea","quantity":100}`,
		`{"item":"tea","quantity":"2"}`, `{"item":"` + strings.Repeat("x", 101) + `","quantity":2}`,
	} {
		if status := a.do("ann", http.MethodPost, "/orders", invalid, nil); status != http.StatusBadRequest {
			a.Errorf("%s is answered with %d", invalid, status)
		}
	}
	ann.ExpectNothing()
	ben.ExpectNothing()
}

func testRefusals(a *app) {
	for _, user := range []string{"", "mallory"} {
		for _, path := range []string{"/orders", "/orders/1"} {
			if status := a.do(user, http.MethodGet, path, "", nil); status != http.StatusUnauthorized {
				a.Errorf("GET %s of %q is answered with %d", path, user, status)
			}
		}
		if status := a.do(user, http.MethodPost, "/orders", `{"item":"tea","quantity":2}`, nil); status != http.StatusUnauthorized {
			a.Errorf("an order of %q is answered with %d", user, status)
		}
		chanxtest.RefusedURL(a, "ws://"+a.host+"/ws/orders", http.StatusUnauthorized, as(user))
	}
	elsewhere := as("ann")
	elsewhere.Origin = "https://elsewhere.test"
	chanxtest.RefusedURL(a, "ws://"+a.host+"/ws/orders", http.StatusForbidden, elsewhere)
	if status := a.do("ann", http.MethodGet, "/ws/orders", "", nil); status != http.StatusUpgradeRequired {
		a.Errorf("a request that is no handshake is answered with %d", status)
	}
	var document struct {
		Channels map[string]struct{ Address string }
	}
	a.do("", http.MethodGet, "/asyncapi.json", "", &document)
	if address := document.Channels["orders"].Address; address != "/ws/orders" {
		a.Errorf("the documented address is %q", address)
	}
}

func testShutdown(a *app) {
	ann := a.watch("ann")
	a.stop()
	ann.ExpectClose(chanx.CloseRestart)
	<-a.ended
	if conn, err := (&net.Dialer{}).DialContext(a.Context(), "tcp", a.host); err == nil {
		conn.Close()
		a.Error("the app still listens")
	}
}
