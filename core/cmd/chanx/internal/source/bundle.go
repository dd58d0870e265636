package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of what documents refer to.
const (
	maxDocuments = 64       // that one document brings along
	maxChain     = 32       // documents that lie between one and the first
	maxTotal     = 50 << 20 // bytes of all together
)

// Reach is which documents a document can bring in: files in its folder and below, if
// it is a file, or URLs of its host, if it is at one.
type Reach struct {
	Folder string   // in place of that of the document: one above
	Hosts  []string // whose URLs are read, too
}

// Bundle returns the JSON text of a document with everything in it that it refers to
// in others: copies below "components", which the references point to then.
func (r *Reader) Bundle(ctx context.Context, d *Document, reach Reach) ([]byte, error) {
	root, err := readTree(d.JSON)
	if err != nil {
		return nil, err
	}
	b := &bundler{Reader: r, ctx: ctx, root: root, hosts: slices.Clone(reach.Hosts), documents: map[string]*part{}, names: map[target]string{}}
	first := &part{name: d.Name, tree: root}
	switch {
	case d.Name == "-":
	case IsURL(d.Name):
		u, err := url.Parse(d.Name)
		if err != nil {
			return nil, err
		}
		u.Fragment, u.RawFragment = "", ""
		first.name = u.String()
		b.host = u.Host
		b.hosts = append(b.hosts, u.Host)
	default:
		folder := cmp.Or(reach.Folder, filepath.Dir(d.Name))
		if first.name, err = below(folder, d.Name); err != nil {
			return nil, err
		}
		if b.folder, err = os.OpenRoot(folder); err != nil {
			return nil, err
		}
		defer func() { _ = b.folder.Close() }() // nothing was written
	}
	b.documents[first.name] = first
	if err := b.walk(root, "document", first); err != nil {
		return nil, err
	}
	return root.append(nil), nil
}

// below returns the path of a file from a folder, with slashes.
func below(folder, name string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	if name, err = filepath.Abs(name); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(folder, name)
	if err != nil {
		return "", err
	}
	if !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is not in %s", name, folder)
	}
	return filepath.ToSlash(rel), nil
}

// bundler makes one document of several.
type bundler struct {
	*Reader
	ctx       context.Context
	folder    *os.Root // of the first document, where that is a file
	root      *node
	host      string   // of the first document, where that is at a URL
	hosts     []string // that may be asked
	documents map[string]*part
	total     int
	names     map[target]string // that copies have
}

// part is one of the documents: of a file, whose name is a path below the folder, or
// at a URL.
type part struct {
	name  string
	tree  *node
	depth int
}

// target is what a reference refers to.
type target struct {
	document string
	pointer  jsontext.Pointer
	kind     string
}

// walk bundles what an object of a kind refers to. "list" stands for one of them,
// too.
func (b *bundler) walk(n *node, kind string, in *part) error {
	if of, ok := strings.CutPrefix(kind, "map "); ok {
		return b.members(n, func(string) string { return of }, in)
	}
	if of, ok := strings.CutPrefix(kind, "list "); ok {
		if n.kind != jsontext.KindBeginArray {
			return b.walk(n, of, in)
		}
		for _, x := range n.elements {
			if err := b.walk(x, of, in); err != nil {
				return err
			}
		}
		return nil
	}
	if ref, ok := n.ref(); ok && sections[kind] != "" {
		return b.reference(n, ref, kind, in)
	}
	return b.members(n, func(name string) string { return shapes[kind][name] }, in)
}

func (b *bundler) members(n *node, kind func(name string) string, in *part) error {
	for i := range len(n.members) { // copies, which come to stand behind, are walked where they are made
		if of := kind(n.members[i].name); of != "" {
			if err := b.walk(n.members[i].value, of, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// reference makes a reference one to what is in this document, or will be.
func (b *bundler) reference(n *node, ref, kind string, in *part) error {
	if b.ctx.Err() != nil {
		return errors.New("it takes too long")
	}
	name, fragment, _ := strings.Cut(ref, "#")
	to := in
	if name != "" {
		var err error
		if to, err = b.document(name, in); err != nil {
			return fmt.Errorf("%s, in %s: %w", ref, Shown(in.name), err)
		}
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil || pointer != "" && pointer[0] != '/' {
		return fmt.Errorf("%s, in %s: #%s is not a JSON Pointer", ref, Shown(in.name), fragment)
	}
	if to.tree == b.root {
		n.setRef("#" + fragment)
		return nil
	}
	t := target{to.name, jsontext.Pointer(pointer), kind}
	if known, ok := b.names[t]; ok {
		n.setRef(known)
		return nil
	}
	found := to.tree.find(t.pointer)
	if found == nil {
		return fmt.Errorf("%s, in %s: it is not there", ref, Shown(in.name))
	}
	section := b.root.object("components").object(sections[kind])
	id := freeName(section, t)
	b.names[t] = "#/components/" + sections[kind] + "/" + id
	n.setRef(b.names[t])
	copied := found.clone()
	section.members = append(section.members, member{id, copied})
	return b.walk(copied, kind, to)
}

// freeName is the name of a copy: that which the original has, as far as possible.
func freeName(section *node, t target) string {
	name := t.pointer.LastToken()
	if t.pointer == "" {
		name = strings.TrimSuffix(path.Base(t.document), path.Ext(t.document))
	}
	name = strings.Map(func(c rune) rune {
		if c < 128 && (c == '.' || c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') {
			return c
		}
		return '_'
	}, name)
	for i, first := 2, name; section.member(name) != nil; i++ {
		name = fmt.Sprintf("%s_%d", first, i)
	}
	return name
}

// document returns the document that a reference in another one names.
func (b *bundler) document(ref string, in *part) (*part, error) {
	name, err := b.locate(ref, in)
	if err != nil {
		return nil, err
	}
	if d, ok := b.documents[name]; ok {
		return d, nil
	}
	switch {
	case len(b.documents) > maxDocuments:
		return nil, fmt.Errorf("it is one document too many: %d are enough", maxDocuments)
	case in.depth == maxChain:
		return nil, fmt.Errorf("it lies behind %d documents", maxChain)
	}
	text, yaml, err := b.read(name)
	if err != nil {
		return nil, err
	}
	if b.total += len(text); b.total > maxTotal {
		return nil, fmt.Errorf("the documents are larger than %d MB together", maxTotal>>20)
	}
	d, err := parse(name, text, yaml)
	if err != nil {
		return nil, err
	}
	p := &part{name: name, depth: in.depth + 1}
	if p.tree, err = readTree(d.JSON); err != nil {
		return nil, err
	}
	b.documents[name] = p
	return p, nil
}

// locate returns the name of a document that another one refers to: a URL, or a path
// below the folder.
func (b *bundler) locate(ref string, in *part) (string, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return "", err
	}
	if IsURL(in.name) {
		base, err := url.Parse(in.name)
		if err != nil {
			return "", err
		}
		u = base.ResolveReference(u)
	}
	switch {
	case u.Scheme == "http" || u.Scheme == "https":
		if err := b.allowed(u); err != nil {
			return "", err
		}
		return u.String(), nil
	case u.Scheme != "" || u.Host != "":
		return "", fmt.Errorf("only files and URLs can be read, not %q", u.Scheme)
	case b.folder == nil:
		return "", errors.New("standard input has no folder")
	}
	name := path.Join(path.Dir(in.name), u.Path)
	if path.IsAbs(u.Path) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", errors.New("it lies outside of the document's folder: allow one above with -ref-folder")
	}
	return name, nil
}

// allowed returns an error for a URL of a host that was not asked for.
func (b *bundler) allowed(u *url.URL) error {
	if !slices.Contains(b.hosts, u.Host) {
		return fmt.Errorf("it is on another host: allow it with -ref-host %s", u.Host)
	}
	return nil
}

func (b *bundler) read(name string) (text []byte, yaml bool, err error) {
	if !IsURL(name) {
		file, err := b.folder.Open(filepath.FromSlash(name))
		if err != nil {
			return nil, false, err
		}
		defer file.Close()
		text, err = limited(file)
		return text, isYAML(path.Ext(name)), err
	}
	r := *b.Reader
	r.allow = b.allowed
	if u, err := url.Parse(name); err != nil || u.Host != b.host {
		r.Header = nil // it is for the host of the document
	}
	return r.fetch(b.ctx, name)
}
