package chanxmux

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"

	chanx "github.com/chanx-go/chanx/core"
)

// ServeConn serves one connection of a server that isn't net/http's, and closes it.
func ServeConn(endpoint *chanx.Endpoint, conn net.Conn) error {
	defer conn.Close()
	br := bufio.NewReader(conn)
	r, err := http.ReadRequest(br)
	if err != nil {
		return fmt.Errorf("read the handshake: %w", err)
	}

	session, err := endpoint.Open(&chanx.Handshake{
		Request:   r,
		PathValue: func(string) string { return r.URL.Query().Get("room") },
	})
	if err != nil {
		return refuse(conn, err)
	}
	header, err := session.Accept()
	if err != nil {
		session.Discard(err)
		return refuse(conn, err)
	}
	var upgrade bytes.Buffer
	upgrade.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	_ = header.Write(&upgrade) // to memory
	upgrade.WriteString("\r\n")
	early, _ := br.Peek(br.Buffered())            // what came in one packet with the handshake
	session.RunConn(conn, upgrade.Bytes(), early) // returns when nothing uses conn any more
	return nil
}

func refuse(conn net.Conn, err error) error {
	status, header, body := chanx.Refusal(err)
	refusal := &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Close: true,
	}
	return refusal.Write(conn)
}
