package chanxtest

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Authenticate refreshes the client's credentials with a token, which must
// succeed, and returns for how long they are good now, in whole seconds; 0 where
// they never expire. The consumer must have a [chanx.Authenticator].
func (c *Client) Authenticate(token string) time.Duration {
	c.t.Helper()
	ref := c.bring(token)
	v := c.view()
	f := v.answer(ref, authentication, `a frame "authentication"`)
	if f.Action != authentication {
		c.fail(`want a frame "authentication", but got %s`, limited(f.Text))
	}
	v.completion(ref, authentication)
	result, err := parseAuthentication(f.Payload)
	if err != nil || result.StatusCode != http.StatusOK {
		c.fail("the credentials are not refreshed: %s", limited(f.Text))
	}
	return time.Duration(result.ExpiresIn) * time.Second
}

// AuthenticateError brings a token like [Client.Authenticate], which must be
// refused with that reason.
func (c *Client) AuthenticateError(token string, reason chanx.Reason) *chanx.Error {
	c.t.Helper()
	ref := c.bring(token)
	v := c.view()
	e := c.asError(v.answer(ref, authentication, fmt.Sprintf("an error %q", reason)), reason)
	v.completion(ref, authentication)
	return e
}

const authentication = "authentication"

// bring sends a token and returns the ref of the frame.
func (c *Client) bring(token string) (ref string) {
	c.t.Helper()
	if c.contract != nil && !c.contract.info.Refreshes {
		c.fail("consumer %q takes no tokens: give it an Authenticator", c.contract.info.Consumer)
	}
	ref = c.freshRef()
	c.SendRaw(c.envelope("", ref, authentication, []byte(`{"token":`+quote(token)+`}`)))
	return ref
}

// authenticationResult is the payload of "authentication".
type authenticationResult struct {
	StatusCode int            `json:"status_code"`
	StatusText *string        `json:"status_text"`
	Data       jsontext.Value `json:"data"`
	ExpiresIn  int64          `json:"expires_in"`
}

func parseAuthentication(payload []byte) (*authenticationResult, error) {
	var r authenticationResult
	err := json.Unmarshal(payload, &r, json.RejectUnknownMembers(true))
	if err != nil || r.StatusCode == 0 || r.StatusText == nil || r.Data == nil || r.ExpiresIn < 0 {
		return nil, errors.New("its payload is no result of an authentication")
	}
	return &r, nil
}

// checkAuthentication says what is wrong with a frame "authentication".
func (k *contract) checkAuthentication(f *Frame) error {
	switch {
	case f.Ref != "" && !k.info.Refreshes:
		return fmt.Errorf("it answers a request, and consumer %q has no Authenticator", k.info.Consumer)
	case f.Ref == "" && !k.info.AnnounceAuthentication && !k.info.Refreshes: // a client may leave the ref out
		return fmt.Errorf("consumer %q does not announce its authentication", k.info.Consumer)
	}
	_, err := parseAuthentication(f.Payload)
	return err
}
