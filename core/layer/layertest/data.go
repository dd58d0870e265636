package layertest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// testData: any bytes arrive as they were.
func testData(f *fixture) {
	a, b := f.open(), f.open()
	near, far := f.collect(a, "room"), f.collect(b, "room")

	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	big := bytes.Repeat(all, 1<<20/len(all))
	sent := []string{"", "\x00", "\r\n", "\xff\xfe", `{"action":"say"}`, string(all), string(big), "", "end"}
	for _, data := range sent {
		f.publish(a, "room", data)
	}
	if err := a.Publish(f.Context(), "room", nil); err != nil {
		f.Errorf("Publish of nil: %v", err)
	}
	near.expect(append(sent, "")...)
	far.expect(append(sent, "")...)
}

// testBufferReused: the publisher may change its buffer once Publish returned.
func testBufferReused(f *fixture) {
	const n = 500
	a, b := f.open(), f.open()
	near, far := f.collect(a, "room"), f.collect(b, "room")
	var want []string
	buffer := make([]byte, 0, 64)
	for i := range n {
		buffer = strconv.AppendInt(buffer[:0], int64(i), 10)
		want = append(want, string(buffer))
		if err := a.Publish(f.Context(), "room", buffer); err != nil {
			f.Errorf("Publish: %v", err)
		}
		clear(buffer[:cap(buffer)])
	}
	near.expect(want...)
	far.expect(want...)

	// The same for a message that has to wait for the handlers to end.
	done := make(chan struct{})
	f.subscribe(a, "nested", func(data []byte) {
		if string(data) != "go" {
			return
		}
		copy(buffer[:4], "text")
		if err := a.Publish(f.Context(), "nested", buffer[:4]); err != nil {
			f.Errorf("Publish: %v", err)
		}
		clear(buffer[:4])
		close(done)
	})
	in := f.collect(b, "nested")
	f.publish(b, "nested", "go")
	await(f, "the handler", done)
	in.expect("go", "text")
}

// testNames: channels are told apart by every byte of their names.
func testNames(f *fixture) {
	a, b := f.open(), f.open()
	names := channelNames()
	inboxes := make([]*inbox, len(names))
	for i, name := range names {
		inboxes[i] = f.collect(a, name)
	}
	for i, name := range names {
		f.publish(b, name, strconv.Itoa(i))
	}
	for _, name := range names {
		f.publish(b, name, "end")
	}
	for i, in := range inboxes {
		if got := in.waitCount(2); len(got) != 2 || got[0] != strconv.Itoa(i) || got[1] != "end" {
			f.Errorf("channel %q, the number %d of them, received %s", abbreviate(names[i]), i, summary(got))
		}
	}
	for _, in := range inboxes {
		f.unsubscribe(in.subscription)
	}
}

// channelNames returns names that a layer may take for the same, for a pattern,
// or for something of its own.
func channelNames() []string {
	long := strings.Repeat("x", 4095)
	names := []string{
		"", " ", "  ", "\t", "\n", "\r\n", "\x00", "\x00\x00", "a\x00", "\x00a", "a\x00b", "\x7f",
		"a", "A", "room", "Room", "ROOM", "a b", " a", "a ", "a+b", "a%20b", "%", "%%", "%00", "%61",
		"/", "a/b", "a//b", "/a/b/", ".", "..", "a.b", "a..b", ".a", "a.", "a:b", "a::b", "a|b", "a\\b", "a,b", "a;b",
		"*", ">", "a.*", "a.>", "a*", "?", "[a]", "{a}", "{a}b", "{}", "^a$", "#", "a/#", "a/+", "$", "~", "=", "_", "-", "'", `"`,
		"é", "e\u0301", "ß", "ss", "SS", "İ", "i", "I", "ı", "日本語", "👩‍👩‍👧", "\u200b", "\ufeffa", "\xff", "\xfe\xff", "a\x80",
		"YQ", "YQ==", "YQ=", "61", "0x61", "_61", "a_", "=61", "x61", "\\x61", "a=2Eb", "a_2eb", "a_b", "ME", "ME======",
		"$SYS.a", "_INBOX.a", "$JS.API", "$KV.a", "__keyspace@0__:a", "__redis__:invalidate", "chanx", "layer", "null",
		long + "x", long + "y", "y" + long, strings.Repeat("X", 4096), long,
		strings.Repeat("\x00", 4096), strings.Repeat("é", 2048), strings.Repeat("a.", 2048),
		strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("x", 64), strings.Repeat("x", 65),
	}
	// What a layer that hashes long names may make of one.
	sum := sha256.Sum256([]byte(long + "x"))
	digest := hex.EncodeToString(sum[:])
	return append(names, string(sum[:]), digest, "sha256:"+digest)
}
