// Package reactpage has AsyncAPI's own React component as the documentation page, in
// place of the one that this project brings along:
//
//	chanxchi.Docs(r, "/asyncapi", hub, &asyncapi.Options{Page: reactpage.Page()})
//
// It is a module of its own, as the component is 2.5 MB, of which half a megabyte
// goes over the wire. It has no console, and it needs what the policy of the other
// page does not allow: to evaluate text as code, and styles in attributes.
package reactpage

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/chanx-go/chanx/core/asyncapi/page"
)

// Version is the version of @asyncapi/react-component, which update.sh fetches.
const Version = "3.2.1"

var (
	//go:embed component/without-parser.js.gz
	component []byte
	//go:embed component/default.min.css.gz
	style []byte
	//go:embed boot.js
	boot []byte
)

// Page returns the page, which is made anew each time.
func Page() *page.Page {
	component, style := unzipped(component), append(unzipped(style), "body{margin:0;font-family:system-ui,sans-serif}"...)
	var html bytes.Buffer
	html.WriteString(`<!doctype html>
<!-- @asyncapi/react-component ` + Version + `, under the Apache License 2.0 -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AsyncAPI</title>
<style>`)
	html.Write(style)
	html.WriteString("</style>\n</head>\n<body>\n<main id=\"asyncapi\"></main>\n")
	for _, script := range [][]byte{component, boot} {
		html.WriteString("<script>")
		html.Write(script)
		html.WriteString("</script>\n")
	}
	html.WriteString("</body>\n</html>\n")
	return &page.Page{
		HTML: html.Bytes(),
		Policy: fmt.Sprintf("default-src 'none'; script-src %s %s 'unsafe-eval'; style-src %s; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
			hash(component), hash(boot), hash(style)),
	}
}

// unzipped is a file that is embedded compressed.
func unzipped(file []byte) []byte {
	zip, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		panic(fmt.Sprintf("reactpage: a file is broken: %v", err))
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		panic(fmt.Sprintf("reactpage: a file is broken: %v", err))
	}
	return text
}

// hash is the source of a policy that allows an element with this content.
func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
