package main

import (
	"errors"
	"strings"
)

// template is a masked client frame whose counter digits (8, never zero first)
// are patched in place before each send.
type template struct {
	frame []byte
	head  int   // offset of the payload in frame
	ids   []int // payload offsets of counters
	t, s  int   // payload offsets of the 19-digit time and of the 10-digit sequence; -1 where none
}

const ctr0 = 10000000 // counters start here, so they always have 8 digits

func newTemplate(s string) *template {
	t := &template{t: -1, s: -1}
	s = strings.ReplaceAll(s, "%ID%", "11111111")
	for off := 0; ; {
		i := strings.Index(s[off:], "11111111")
		if i < 0 {
			break
		}
		t.ids = append(t.ids, off+i)
		off += i + 8
	}
	if i := strings.Index(s, "2222222222"); i >= 0 {
		t.s = i
	}
	if i := strings.Index(s, "3333333333333333333"); i >= 0 {
		t.t = i
	}
	t.frame = maskFrame(opText, []byte(s))
	t.head = len(t.frame) - len(s)
	return t
}

func (t *template) put(off, width int, v uint64) {
	p := t.frame[t.head:]
	for i := off + width - 1; i >= off; i-- {
		p[i] = byte('0'+v%10) ^ maskKey[i&3]
		v /= 10
	}
}

func (t *template) counter(v uint32) {
	for _, o := range t.ids {
		t.put(o, 8, uint64(v))
	}
}

// filler gives n bytes of plain text.
func filler(n int) string {
	const s = "the quick brown fox jumps over the lazy dog "
	return strings.Repeat(s, n/len(s)+1)[:n]
}

func echoTemplate(d *dialect, size int) (*template, error) {
	if size < 8 {
		return nil, errors.New("payload size must be at least 8")
	}
	return newTemplate(d.echo("11111111" + filler(size-8))), nil
}

// pubTemplate: seq is 10 digits starting at 1000000000, t is 19 digits.
func pubTemplate(d *dialect, size int) *template {
	return newTemplate(d.pub(`{"seq":2222222222,"t":3333333333333333333,"text":"` + filler(size) + `"}`))
}

const seq0 = 1000000000

func digits(b []byte) (v int64) {
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		v = v*10 + int64(c-'0')
	}
	return v
}

var (
	kText = []byte(`"text":"`)
	kSeq  = []byte(`{"seq":`) // of the payload: a frame may have a seq of its own
	kT    = []byte(`"t":`)
)
