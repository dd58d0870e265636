package wsconn_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/internal/wsconn"
)

// FuzzServe serves any stream, in one piece over a pipe and cut anywhere over a
// socket, and wants the same calls and the same end. With compression it only
// wants an end: the library takes a deflate stream that ends within its frame for
// a whole message and is out of step after that, in its own way on each path.
func FuzzServe(f *testing.F) {
	for _, sh := range shapes() {
		if len(sh.stream) < 5_000 {
			f.Add(sh.stream, []byte{1, 2, 3}, false, false)
			f.Add(sh.stream, []byte{200, 1}, true, true)
		}
	}
	f.Fuzz(func(t *testing.T, stream, cuts []byte, early, compress bool) {
		run := func(kind string, cuts []byte, early bool) ([]string, string) {
			first := 0
			if early && len(cuts) > 0 {
				first = min(int(cuts[0]), len(stream))
			}
			s := open(t, kind, wsconn.Options{ReadLimit: 2000, Compression: compress}, string(stream[:first]))
			s.serve(nil)
			sent := make(chan struct{})
			go func() {
				rest := stream[first:]
				for _, c := range cuts {
					n := min(int(c), len(rest))
					s.send(rest[:n], n)
					rest = rest[n:]
				}
				s.send(rest, 1<<20)
				_ = s.client.Close()
				close(sent)
			}()
			err := <-s.err
			_ = s.c.Close()
			<-sent
			return s.transcript(), ended(err)
		}
		calls, end := run("pipe", nil, false)
		calls2, end2 := run("unix", cuts, early)
		if d := cmp.Diff(calls, calls2); !compress && (d != "" || end != end2) {
			t.Errorf("ended with %q and %q; calls (-pipe +socket)\n%s", end, end2, d)
		}
	})
}
