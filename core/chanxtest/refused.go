package chanxtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
)

// Refusal is the answer to a handshake that was not upgraded.
type Refusal struct {
	Status int
	Header http.Header
	Body   string
	Error  *chanx.Error // what the body says, nil where it is no error of chanx
}

// String says what the answer was.
func (r *Refusal) String() string {
	s := fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status))
	if r.Error != nil {
		return s + " (" + r.Error.Error() + ")"
	}
	if body := strings.TrimSpace(r.Body); body != "" {
		return s + " (" + limited(body) + ")"
	}
	return s
}

// Refused connects like [Dial] and returns the answer of a server that refuses
// the handshake. The test fails where it does not, or where the status is
// another. Status 0 means any.
func Refused(t testing.TB, handler http.Handler, path string, status int, opts *DialOptions) *Refusal {
	t.Helper()
	h := serve(handler)
	defer h.close()
	return refused(t, h, "http://"+memoryHost+path, status, opts.withDefaults())
}

// RefusedURL is [Refused] for a server that runs.
func RefusedURL(t testing.TB, url string, status int, opts *DialOptions) *Refusal {
	t.Helper()
	h := network()
	defer h.close()
	if rest, ok := strings.CutPrefix(url, "ws"); ok {
		url = "http" + rest
	}
	return refused(t, h, url, status, opts.withDefaults())
}

func refused(t testing.TB, h *host, url string, status int, o *DialOptions) *Refusal {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), o.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatalf("chanxtest: %v", err)
	}
	request.Header = o.Header
	for name, value := range map[string]string{
		"Connection":            "Upgrade",
		"Upgrade":               "websocket",
		"Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key":     "Y2hhbnggZm9yIEdvICAgIA==",
	} {
		if request.Header.Get(name) == "" {
			request.Header.Set(name, value)
		}
	}
	if len(o.Subprotocols) > 0 {
		request.Header.Set("Sec-WebSocket-Protocol", strings.Join(o.Subprotocols, ","))
	}
	response, err := (&http.Client{Transport: h.transport, CheckRedirect: noRedirect}).Do(request)
	if err != nil {
		t.Fatalf("chanxtest: handshake with %s: %s", url, explain(nil, err))
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		_ = response.Body.Close()
		t.Fatalf("chanxtest: the handshake with %s was accepted, not refused", url)
	}
	r, err := newRefusal(response)
	_ = response.Body.Close()
	if err != nil {
		t.Fatalf("chanxtest: handshake with %s: %v", url, err)
	}
	if status != 0 && r.Status != status {
		t.Fatalf("chanxtest: the handshake with %s was refused with %s, not with %d", url, r, status)
	}
	return r
}

// newRefusal reads an answer.
func newRefusal(response *http.Response) (*Refusal, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	r := &Refusal{Status: response.StatusCode, Header: response.Header, Body: string(body)}
	var e chanx.Error
	if json.Unmarshal(body, &e) == nil && e.Reason != "" {
		r.Error = &e
	}
	return r, nil
}
