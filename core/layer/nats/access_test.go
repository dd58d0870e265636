package chanxnats_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// works checks that two handles on a layer reach each other, with and without
// history.
func works(t *testing.T, url string, opts *chanxnats.Options) {
	t.Helper()
	a, b := open(t, url, opts), open(t, url, opts)
	in, log := subscribe(t, b, "room"), follow(t, b, "room")
	if err := a.Publish(t.Context(), "room", []byte("1")); err != nil {
		t.Error(err)
	}
	add(t, a, "room", plenty(), "2")
	in.expect(t, "1")
	log.expect(t, "2")
}

// refused checks that the server refuses who comes like this.
func refused(t *testing.T, url string, opts *chanxnats.Options) {
	t.Helper()
	if l, err := chanxnats.Open(t.Context(), url, opts); err == nil {
		l.Close()
		t.Errorf("Open(%q) with %+v: no error", url, opts)
	}
}

func TestUserAndTLS(t *testing.T) {
	t.Parallel()
	s := program(t, servertest.NATSOptions{JetStream: true, TLS: true, User: "user", Password: "p@ss:/?#"})
	opts := quick()
	opts.TLS = s.TLS
	works(t, s.URL, opts)
	works(t, strings.Replace(s.URL, "tls://", "nats://", 1), opts)
	refused(t, s.URL, quick()) // the certificate's authority isn't known
	refused(t, "tls://user:wrong@"+s.Addr, opts)
	refused(t, "tls://"+s.Addr, opts)
}

func TestSharedToken(t *testing.T) {
	t.Parallel()
	s := program(t, servertest.NATSOptions{JetStream: true, Token: "secret"})
	works(t, s.URL, quick())
	opts := quick()
	opts.Token = "secret"
	works(t, "nats://"+s.Addr, opts)
	refused(t, "nats://"+s.Addr, quick())
}

// configured starts an embedded server with a configuration.
func configured(t *testing.T, config string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return embed(t, func(o *server.Options) {
		own := *o
		if err := o.ProcessConfigFile(file); err != nil {
			t.Fatal(err)
		}
		o.Host, o.Port, o.JetStream, o.StoreDir, o.NoLog, o.NoSigs = own.Host, own.Port, true, own.StoreDir, true, true
	}).ClientURL()
}

func user(t *testing.T) (public, seed string) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	return texts(t, pair)
}

func texts(t *testing.T, pair nkeys.KeyPair) (public, seed string) {
	t.Helper()
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return public, string(secret)
}

// TestAccounts: two accounts of a server with the same prefix don't meet; a user
// comes with a password or an NKey.
func TestAccounts(t *testing.T) {
	t.Parallel()
	public, seed := user(t)
	url := configured(t, fmt.Sprintf(`
		accounts {
			A { jetstream: enabled, users: [ { user: a, password: a } ] }
			B { jetstream: enabled, users: [ { nkey: %s } ] }
			SYS { users: [ { user: sys, password: sys } ] }
		}
		system_account: SYS
	`, public))
	file := filepath.Join(t.TempDir(), "user.nk")
	if err := os.WriteFile(file, []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	urlA, optsB := strings.Replace(url, "nats://", "nats://a:a@", 1), quick()
	optsB.NKey = file
	works(t, urlA, quick())
	works(t, url, optsB)
	a, b := open(t, urlA, quick()), open(t, url, optsB)
	in := subscribe(t, b, "apart")
	add(t, a, "apart", plenty(), "of a")
	if err := a.Publish(t.Context(), "apart", []byte("of a")); err != nil {
		t.Error(err)
	}
	if err := b.Publish(t.Context(), "apart", []byte("of b")); err != nil {
		t.Error(err)
	}
	in.expect(t, "of b")
	if _, got := all(t, b, "apart"); len(got) != 0 {
		t.Errorf("another account's history has %q", got)
	}
	refused(t, url, quick())
	missing := quick()
	missing.NKey = filepath.Join(t.TempDir(), "none")
	refused(t, url, missing)
}

// TestCredentials: a user with a JWT that an account has signed.
func TestCredentials(t *testing.T) {
	t.Parallel()
	key := func(create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		pair, err := create()
		if err != nil {
			t.Fatal(err)
		}
		public, _ := texts(t, pair)
		return pair, public
	}
	encode := func(c jwt.Claims, by nkeys.KeyPair) string {
		text, err := c.Encode(by)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	operator, operatorKey := key(nkeys.CreateOperator)
	system, systemKey := key(nkeys.CreateAccount)
	account, accountKey := key(nkeys.CreateAccount)
	client, clientKey := key(nkeys.CreateUser)
	_ = system

	o := jwt.NewOperatorClaims(operatorKey)
	o.SystemAccount = systemKey
	s := jwt.NewAccountClaims(systemKey)
	a := jwt.NewAccountClaims(accountKey)
	a.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: 1 << 26, DiskStorage: 1 << 26, Streams: 10, Consumer: 100}
	u := jwt.NewUserClaims(clientKey)
	_, seed := texts(t, client)
	creds, err := jwt.FormatUserConfig(encode(u, account), []byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "user.creds")
	if err := os.WriteFile(file, creds, 0o600); err != nil {
		t.Fatal(err)
	}
	url := configured(t, fmt.Sprintf(`
		operator: %s
		system_account: %s
		resolver: MEMORY
		resolver_preload: { %s: %s, %s: %s }
	`, encode(o, operator), systemKey, systemKey, encode(s, operator), accountKey, encode(a, operator)))
	opts := quick()
	opts.Credentials = file
	works(t, url, opts)
	refused(t, url, quick())
	missing := quick()
	missing.Credentials = filepath.Join(t.TempDir(), "none")
	refused(t, url, missing)
}

// TestPermissions: what a user must not do is an error that names the subject.
func TestPermissions(t *testing.T) {
	t.Parallel()
	url := configured(t, `
		accounts { A { jetstream: enabled, users: [ { user: a, password: a, permissions: {
			publish: { deny: [ "chanx.m.closed" ] }
			subscribe: { deny: [ "chanx.m.secret", "chanx.l.secret" ] }
		} } ] } }
	`)
	l := open(t, strings.Replace(url, "nats://", "nats://a:a@", 1), quick())
	expect := func(what, subject string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), subject) || !strings.Contains(strings.ToLower(err.Error()), "permission") {
			t.Errorf("%s: %v", what, err)
		}
	}
	expect("Publish", "chanx.m.closed", l.Publish(t.Context(), "closed", nil))
	if err := l.Publish(t.Context(), "open", nil); err != nil {
		t.Error(err)
	}
	_, err := l.Subscribe(t.Context(), "secret", func([]byte) {})
	expect("Subscribe", "chanx.m.secret", err)
	_, _, err = l.Follow(t.Context(), "secret", nil)
	expect("Follow", "chanx.l.secret", err)
	if h := l.Health(); !h.Connected || h.Outages != 0 {
		t.Errorf("a refusal is taken for an outage: %+v", h)
	}
}

// TestURLPrefix: layers with different prefixes share a server without meeting.
func TestURLPrefix(t *testing.T) {
	t.Parallel()
	url := embed(t, nil).ClientURL()
	a, b, c := open(t, url+"?prefix=a.b", quick()), open(t, url+"?prefix=a_b", quick()), open(t, url+"?prefix=a.b", quick())
	in, other := subscribe(t, c, "room"), subscribe(t, b, "room")
	for _, l := range []*chanxnats.Layer{a, b} {
		if err := l.Publish(t.Context(), "room", []byte("x")); err != nil {
			t.Error(err)
		}
	}
	add(t, a, "room", plenty(), "a.b")
	add(t, b, "room", plenty(), "a_b")
	in.expect(t, "x")
	other.expect(t, "x")
	if _, got := all(t, c, "room"); len(got) != 1 || got[0] != "a.b" {
		t.Errorf("the history of one prefix has %q", got)
	}
}

// TestSilence: a server that doesn't answer is given up within the time that
// Options.Timeout says.
func TestSilence(t *testing.T) {
	t.Parallel()
	s := program(t, servertest.NATSOptions{JetStream: true})
	l := open(t, s.URL, quick())
	s.Pause()
	defer s.Resume()
	began := time.Now()
	soon(t, "it is noticed", func() bool { return !l.Health().Connected })
	if took := time.Since(began); took > 2*quick().Timeout {
		t.Errorf("a server that doesn't answer was noticed after %v", took)
	}
}

// TestRights: the rights that the README lists are enough.
func TestRights(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "\n    permissions {")
	block, _, ok := strings.Cut(rest, "\n    }\n")
	if !ok {
		t.Fatal("the README lists no permissions")
	}
	url := configured(t, "accounts { A { jetstream: enabled, users: [ { user: a, password: a, permissions {"+block+"\n} } ] } }")
	l := open(t, strings.Replace(url, "nats://", "nats://a:a@", 1), quick())
	works(t, strings.Replace(url, "nats://", "nats://a:a@", 1), quick())
	for i := range 30 {
		add(t, l, "room", layer.Retention{Entries: 100 + 100*i, Age: time.Duration(i+1) * time.Hour}, "x")
	}
	if _, got := all(t, l, "room"); len(got) != 31 {
		t.Errorf("%d entries, want 31", len(got))
	}
	changes := make(chan layer.PresenceChange, 10)
	if _, err := l.Watch(t.Context(), "room", func(c layer.PresenceChange) { changes <- c }); err != nil {
		t.Error(err)
	}
	_, err = l.Renew(t.Context(), "owner", time.Minute)
	session := layer.Session{Key: "key", ID: "id", Owner: "owner"}
	for _, err := range []error{
		err,
		l.Enter(t.Context(), "room", session),
		l.Leave(t.Context(), "room", session, 0),
		l.Release(t.Context(), "owner"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	for range 3 {
		<-changes
	}
	if members, err := l.Members(t.Context(), "room"); err != nil || len(members) > 0 {
		t.Errorf("%d members, %v", len(members), err)
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	url := embed(t, func(o *server.Options) { o.JetStreamDomain = "hub" }).ClientURL()
	opts := quick()
	opts.Domain = "hub"
	works(t, url, opts)
	opts.Domain = "elsewhere"
	refused(t, url, opts)
}
