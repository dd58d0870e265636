package asyncapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// content is a text that is served.
type content struct {
	kind    string // its Content-Type
	text    []byte
	gzipped func() []byte
	tag     string // of the text, without quotes
}

func newContent(kind string, text []byte) *content {
	sum := sha256.Sum256(text)
	return &content{
		kind: kind, text: text, tag: hex.EncodeToString(sum[:12]),
		gzipped: sync.OnceValue(func() []byte {
			var b bytes.Buffer
			zip, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
			_, _ = zip.Write(text) // to memory
			_ = zip.Close()
			return b.Bytes()
		}),
	}
}

// serve answers a GET or HEAD.
func (c *content) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", c.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	body := c.text
	if compressedInFront(h) {
		h.Set("ETag", `W/"`+c.tag+`"`) // as nobody knows the bytes that go out
	} else {
		h.Add("Vary", "Accept-Encoding")
		tag := c.tag
		if acceptsGzip(r.Header) {
			h.Set("Content-Encoding", "gzip")
			body, tag = c.gzipped(), tag+"-gzip"
		}
		h.Set("ETag", `"`+tag+`"`)
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if isOneOf(h.Get("ETag"), r.Header.Values("If-None-Match")) {
		for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length"} {
			h.Del(name)
		}
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, bytes.NewReader(body)) // of no interest to the client that is gone
	}
}

// compressedInFront reports whether a middleware compresses what it is given: such
// ones say so in the header before they call the next handler. Those that look at
// what comes instead leave alone what has an encoding.
func compressedInFront(h http.Header) bool {
	return h.Get("Content-Encoding") != "" || slices.ContainsFunc(elements(h.Values("Vary")), func(name string) bool {
		return strings.EqualFold(name, "Accept-Encoding")
	})
}

// acceptsGzip reports whether a client takes gzip.
func acceptsGzip(h http.Header) bool {
	others := false
	for _, e := range elements(h.Values("Accept-Encoding")) {
		name, params, _ := strings.Cut(e, ";")
		wanted := true
		if _, q, ok := strings.Cut(strings.ToLower(params), "q="); ok {
			quality, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			wanted = err == nil && quality > 0
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			others = wanted
		}
	}
	return others
}

// isOneOf reports whether a tag is among those that a client has.
func isOneOf(tag string, lines []string) bool {
	return slices.ContainsFunc(elements(lines), func(have string) bool {
		return have == "*" || strings.TrimPrefix(have, "W/") == strings.TrimPrefix(tag, "W/")
	})
}

// elements are what the lines of a header list.
func elements(lines []string) []string {
	var all []string
	for _, line := range lines {
		for e := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(e))
		}
	}
	return all
}
