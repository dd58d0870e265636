package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// maxRedirects bounds how often an address is another one.
const maxRedirects = 10

// fetch returns the text at a URL, and whether it is said to be YAML. In place of a
// page it returns the document beside it.
func (r *Reader) fetch(ctx context.Context, name string) (text []byte, yaml bool, err error) {
	text, kind, err := r.get(ctx, name)
	if err != nil {
		return nil, false, err
	}
	if kind == "text/html" {
		beside, ok := documentBeside(name)
		if !ok {
			return nil, false, fmt.Errorf("%s is a page, not a document", Shown(name))
		}
		if text, kind, err = r.get(ctx, beside); err != nil {
			return nil, false, fmt.Errorf("%s is a page, and there is no document beside it: %w", Shown(name), err)
		}
		if kind == "text/html" {
			return nil, false, fmt.Errorf("%s and %s are pages, not documents", Shown(name), Shown(beside))
		}
	}
	return text, strings.HasSuffix(kind, "yaml"), nil
}

// documentBeside is the URL of the document that a page shows.
func documentBeside(page string) (string, bool) {
	u, err := url.Parse(page)
	if err != nil || path.Ext(u.Path) == ".json" || strings.Trim(u.Path, "/") == "" {
		return "", false
	}
	u.Path = strings.TrimRight(u.Path, "/") + ".json"
	u.RawPath, u.Fragment, u.RawFragment = "", "", ""
	return u.String(), true
}

// get returns the body of an answer, and its media type.
func (r *Reader) get(ctx context.Context, name string) (text []byte, kind string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, name, http.NoBody)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", Shown(name), err)
	}
	maps.Copy(request.Header, r.Header)
	if request.Header.Get("Accept") == "" {
		request.Header.Set("Accept", "application/json, application/yaml;q=0.9, */*;q=0.5")
	}
	if host := r.Header.Get("Host"); host != "" {
		request.Host = host
	}
	client := http.Client{}
	if r.Client != nil {
		client = *r.Client
	}
	client.CheckRedirect = r.redirect
	response, err := client.Do(request)
	if err != nil {
		return nil, "", whyNot(ctx, name, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("%s: %s%s", Shown(name), response.Status, mend(response.StatusCode))
	}
	kind, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
	if text, err = limited(response.Body); err != nil {
		return nil, "", whyNot(ctx, name, err)
	}
	return text, kind, nil
}

// mend says what to do about a status.
func mend(status int) string {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return `: say who you are, with -header 'Authorization: Bearer …' for instance`
	}
	return ""
}

// whyNot says in short why there was no answer.
func whyNot(ctx context.Context, name string, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s: it takes too long", Shown(name))
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s: %w", Shown(name), err)
}

// redirect keeps what the user has for one host from any other, and what was asked
// for in private from being sent in the open.
func (r *Reader) redirect(to *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case first.Scheme == "https" && to.URL.Scheme != "https":
		return fmt.Errorf("it leads from https to %s://%s", to.URL.Scheme, to.URL.Host)
	}
	if r.allow != nil {
		if err := r.allow(to.URL); err != nil {
			return err
		}
	}
	if to.URL.Host != first.Host {
		for name := range r.Header {
			to.Header.Del(name)
		}
	}
	return nil
}
