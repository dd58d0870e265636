package wsconn

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// HandshakeError says why a request did not become a WebSocket. It is returned
// before anything was written.
type HandshakeError struct {
	Status int         // the HTTP status to answer with
	Header http.Header // headers that belong to that status, nil for none
	Msg    string      // one sentence for the client
	Err    error       // the cause, for the log only; nil where Msg says it all
}

func (e *HandshakeError) Error() string {
	if e.Err != nil {
		return "websocket handshake: " + e.Msg + ": " + e.Err.Error()
	}
	return "websocket handshake: " + e.Msg
}

func (e *HandshakeError) Unwrap() error { return e.Err }

// CheckRequest says whether r is a WebSocket handshake of RFC 6455: nil, or a
// [*HandshakeError]. It asks for no more than that: origin, subprotocol and
// everything else is the caller's to judge.
func CheckRequest(r *http.Request) error {
	switch {
	case r.Method != http.MethodGet:
		return refuse(http.StatusMethodNotAllowed, "a WebSocket is opened with GET", "Allow", http.MethodGet)
	case r.ProtoMajor != 1 || r.ProtoMinor < 1 ||
		!hasToken(r.Header["Connection"], "upgrade") || !hasToken(r.Header["Upgrade"], "websocket"):
		return refuse(http.StatusUpgradeRequired, "this is a WebSocket endpoint", "Upgrade", "websocket", "Connection", "Upgrade")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return refuse(http.StatusUpgradeRequired, "only version 13 of the WebSocket protocol is supported",
			"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13")
	}
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) != 1 {
		return refuse(http.StatusBadRequest, "the handshake needs one Sec-WebSocket-Key header")
	}
	if key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(keys[0])); err != nil || len(key) != 16 {
		return refuse(http.StatusBadRequest, "Sec-WebSocket-Key is not 16 bytes in base64")
	}
	return nil
}

// refuse makes a HandshakeError with headers given as name, value, name, value.
func refuse(status int, msg string, header ...string) error {
	e := &HandshakeError{Status: status, Msg: msg}
	for i := 0; i < len(header); i += 2 {
		if e.Header == nil {
			e.Header = http.Header{}
		}
		e.Header.Set(header[i], header[i+1])
	}
	return e
}

// hasToken says whether one of the comma-separated values is token, which is in
// lower case.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}
