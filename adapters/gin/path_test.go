package chanxgin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// Whatever an engine's settings are, and whatever a client sends, a consumer gets
// what was sent, decoded once, or what gin found where gin looked at another path.
func FuzzValues(f *testing.F) {
	for _, seed := range [][2]string{
		{"go", "a/b"}, {"a b", ""}, {"a/b", "c/d/"}, {"100%", "%2F"}, {"a+b", "+"}, {"%41", "%2541"},
		{"é", "//"}, {"..", "."}, {":x", "*y"}, {"a%2Fb", "\xff"}, {"?", "#"}, {"", "x"},
	} {
		for settings := range byte(16) {
			f.Add(seed[0], seed[1], settings)
		}
	}
	f.Fuzz(func(t *testing.T, room, rest string, settings byte) {
		r := gin.New()
		r.UseRawPath = settings&1 > 0
		r.UseEscapedPath = settings&2 > 0
		r.UnescapePathValues = settings&4 > 0
		r.RemoveExtraSlash = settings&8 > 0
		r.RedirectTrailingSlash, r.RedirectFixedPath = false, false
		_, p := parse("/in/:room/", "/x:room2/*rest")
		var got, given gin.Params
		r.GET("/in/:room/x:room2/*rest", func(c *gin.Context) { got, given = p.values(c.Request.URL, c.Params), c.Params })

		path := "/in/" + url.PathEscape(room) + "/x" + url.PathEscape(room) + "/" + url.PathEscape(rest)
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		r.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: http.MethodGet, URL: u})
		if given == nil {
			return // no route
		}
		asSent := r.UseEscapedPath || r.UseRawPath && u.RawPath != ""
		if asSent && !r.RemoveExtraSlash || !strings.Contains(room+rest, "/") && !dots(room) && !dots(rest) {
			want := gin.Params{{Key: "room", Value: room}, {Key: "room2", Value: room}, {Key: "rest", Value: rest}}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s: got %q, want %q", path, got, want)
				}
			}
			return
		}
		for i, param := range given {
			if value := strings.TrimPrefix(param.Value, "/"); !asSent && (got[i].Key != param.Key || got[i].Value != param.Value && got[i].Value != value) {
				t.Errorf("%s: got %q, and gin found %q", path, got, given)
			}
		}
	})
}

// dots reports whether a segment means something to RemoveExtraSlash.
func dots(segment string) bool { return segment == "" || segment == "." || segment == ".." }
