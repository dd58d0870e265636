package adaptertest

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

func frameCases() []testCase {
	return []testCase{
		{name: "frames/compression", run: compression},
		{name: "frames/compression declined", run: noCompression},
		{name: "frames/inflated size", run: inflatedSize},
		{name: "frames/size limit", run: sizeLimit},
		{name: "frames/fragments", run: fragments},
		{name: "frames/large and many", run: largeAndMany},
		{name: "frames/many in one write", run: oneWrite},
		{name: "frames/many writers at once", run: manyWriters},
		{name: "frames/sends that were given up", run: givenUp},
		{name: "frames/binary", run: wrongFrame(fin|opBinary, []byte{1, 2}, chanx.CloseUnsupportedData)},
		{name: "frames/reserved opcode", run: wrongFrame(fin|0x3, nil, chanx.CloseProtocolError)},
		{name: "frames/reserved bit", run: wrongFrame(fin|compressed|opText, []byte("{}"), chanx.CloseProtocolError)},
		{name: "frames/continuation of nothing", run: wrongFrame(fin|opContinuation, []byte("{}"), chanx.CloseProtocolError)},
		{name: "frames/unmasked", run: unmasked},
		{name: "frames/malformed messages", run: malformed},
		{name: "frames/ping and pong", run: pingAndPong},
	}
}

const offer = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover"

// compressing makes a site with a consumer that compresses.
func compressing(k *kit) *site {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{options: chanx.ConsumerOptions{Compression: true}}), nil)
	s.mount(s, "/plain", s.peers("plain", nil), nil)
	s.start()
	return s
}

// deflate compresses a message as permessage-deflate does.
func deflate(k *kit, text string) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		k.Fatalf("deflate: %v", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

func compression(k *kit) {
	s := compressing(k)
	c := s.open("/ws", offer)
	if got := c.header.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, "permessage-deflate") {
		s.Fatalf("the extension is %q", got)
	}
	long := strings.Repeat("hello ", 2000)
	for range 2 {
		c.frame(fin|compressed|opText, deflate(s.kit, fmt.Sprintf(`{"action":"echo","ref":"1","payload":{"text":%q}}`, long)))
		first, data, err := c.readFrame()
		if err != nil || first != fin|compressed|opText || len(data) > 1000 {
			s.Fatalf("got a frame %#x of %d bytes, %v", first, len(data), err)
		}
		text, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(data), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
		if want := fmt.Sprintf(`{"ref":"1","action":"echo","payload":{"text":%q}}`, long); err != nil || string(text) != want {
			s.Errorf("got %s, %v", brief(string(text)), err)
		}
	}
	c.echoed("short ones stay as they are")
	c.close(1000)
	c.ends(1000)
}

func noCompression(k *kit) {
	s := compressing(k)
	for target, headers := range map[string][]string{"/ws": nil, "/plain": {offer}} {
		c := s.open(target, headers...)
		if got, ok := c.header["Sec-Websocket-Extensions"]; ok {
			s.Errorf("the extension is %q", got)
		}
		c.echoed(strings.Repeat("hello ", 2000))
	}
}

// A message is as large as it is once inflated.
func inflatedSize(k *kit) {
	s := compressing(k)
	c := s.open("/ws", offer)
	c.frame(fin|compressed|opText, deflate(s.kit, strings.Repeat(" ", 10<<20)))
	c.ends(int(chanx.CloseTooLarge))
	s.open("/ws").echoed("well")
}

// sized is an echo message of n bytes.
func sized(n int) string {
	const head, tail = `{"action":"echo","ref":"1","payload":{"text":"`, `"}}`
	return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
}

// The limit is inclusive, and 64 KiB where nobody says otherwise.
func sizeLimit(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.mount(s, "/small", s.peers("small", &hooks{options: chanx.ConsumerOptions{Limits: chanx.Limits{MessageBytes: 1000}}}), nil)
	s.mount(s, "/large", s.peers("large", &hooks{options: chanx.ConsumerOptions{Limits: chanx.Limits{MessageBytes: 1 << 20}}}), nil)
	s.start()
	for target, limit := range map[string]int{"/ws": 64 << 10, "/small": 1000, "/large": 1 << 20} {
		c, well := s.open(target), s.open(target)
		c.send(sized(limit))
		if got := c.next(); !strings.HasPrefix(got, `{"ref":"1","action":"echo"`) {
			s.Errorf("%s: a message of %d bytes gets %s", target, limit, brief(got))
		}
		c.frame(fin|opText, make([]byte, limit+1))
		c.ends(int(chanx.CloseTooLarge))
		well.echoed("still there")
	}
}

func fragments(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.open("/ws")
	text := []byte(`{"action":"echo","ref":"1","payload":{"text":"café 🚪"}}`)
	c.frame(opText, text[:1])
	for i := 1; i < len(text)-1; i++ { // runes are torn too
		c.frame(opContinuation, text[i:i+1])
		if i%10 == 0 {
			c.frame(fin|opPing, []byte("in between"))
		}
	}
	c.frame(fin|opContinuation, text[len(text)-1:])
	for got := c.next(); got != `{"ref":"1","action":"echo","payload":{"text":"café 🚪"}}`; got = c.next() {
		if got != "pong in between" {
			s.Fatalf("got %s", brief(got))
		}
	}
	// The limit is the message's, not the fragment's.
	c.frame(opText, bytes.Repeat([]byte(" "), 40_000))
	c.frame(fin|opContinuation, bytes.Repeat([]byte(" "), 40_000))
	c.ends(int(chanx.CloseTooLarge))
}

func largeAndMany(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{
		options: chanx.ConsumerOptions{Limits: chanx.Limits{QueueBytes: 8 << 20}},
		note: func(ctx context.Context, p *peer, text string) error {
			return p.Send(ctx, said{strings.Repeat(text, 2<<20)})
		},
	}), nil)
	s.start()
	c := s.open("/ws")
	c.send(`{"action":"note","payload":{"text":"y"}}`)
	c.expect(`{"action":"said","payload":{"text":"`+strings.Repeat("y", 2<<20)+`"}}`, `{"action":"noted","payload":null}`)
	const n = 2000
	var burst strings.Builder
	for i := range n {
		burst.Write(masked(fin|opText, fmt.Appendf(nil, `{"action":"echo","ref":"%d","payload":{"text":"x"}}`, i)))
	}
	written := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c.conn, burst.String())
		written <- err
	}()
	for i := range n {
		c.expect(fmt.Sprintf(`{"ref":"%d","action":"echo","payload":{"text":"x"}}`, i))
	}
	if err := await(s.kit, "everything is written", written); err != nil {
		s.Errorf("write: %v", err)
	}
}

// wrongFrame sends a frame that ends the connection.
func wrongFrame(first byte, data []byte, code chanx.CloseCode) func(k *kit) {
	return func(k *kit) {
		s := k.site(siteOptions{})
		s.mount(s, "/ws", s.peers("peers", nil), nil)
		s.start()
		c, well := s.open("/ws"), s.open("/ws")
		c.frame(first, data)
		c.ends(int(code))
		well.echoed("still there")
	}
}

func unmasked(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.open("/ws")
	c.write("\x81\x02{}")
	c.ends(int(chanx.CloseProtocolError))
	s.nobodyLeft()
}

// What is no message of the protocol is told, and the connection goes on.
func malformed(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.open("/ws")
	for text, reason := range map[string]chanx.Reason{
		`{`:                                      chanx.Malformed,
		`[]`:                                     chanx.Malformed,
		``:                                       chanx.Malformed,
		`{"payload":{}}`:                         chanx.Malformed,
		"{\"action\":\"\xff\"":                   chanx.Malformed,
		`{"action":"unheard"}`:                   chanx.UnknownAction,
		`{"action":"echo","payload":{"text":1}}`: chanx.Invalid,
	} {
		c.send(text)
		if got, want := c.next(), fmt.Sprintf(`"payload":{"reason":"%s"`, reason); !strings.Contains(got, want) {
			s.Errorf("%q gets %s, want %s", text, brief(got), want)
		}
	}
	c.echoed("still there")
}

func pingAndPong(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.open("/ws")
	c.frame(fin|opPing, []byte("are you there?"))
	c.expect("pong are you there?")
	c.frame(fin|opPong, []byte("nobody asked"))
	c.frame(fin|opPing, nil)
	c.expect("pong")
	c.echoed("hello")
}
