package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"time"
)

//go:embed page
var embedded embed.FS

// assets serves the files of the page.
func assets() http.HandlerFunc {
	files := map[string]http.Handler{}
	entries, err := fs.ReadDir(embedded, "page")
	if err != nil {
		panic(err) // it was embedded
	}
	for _, e := range entries {
		files[e.Name()] = asset(e.Name())
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if file := files[r.PathValue("file")]; file != nil {
			file.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}
}

// asset serves one file. A browser asks every time whether it has changed.
func asset(name string) http.HandlerFunc {
	data, err := embedded.ReadFile("page/" + name)
	if err != nil {
		panic(err) // it was embedded
	}
	sum := sha256.Sum256(data)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
	}
}
