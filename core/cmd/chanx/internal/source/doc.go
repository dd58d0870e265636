// Package source reads documents: from files, from URLs and from standard input, in
// JSON and in YAML, with the other documents that they refer to where that is asked
// for. What it reads may be hostile; its sizes, depths and times are bounded.
package source
