package main

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// size counts the files of a package that are no tests, and the lines in them that
// have code.
func size(dir string) (files, lines int, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name) //nolint:gosec // of this repository
		if err != nil {
			return 0, 0, err
		}
		files++
		lines += codeLines(source)
	}
	return files, lines, nil
}

// codeLines counts the lines that have something other than blanks and comments.
func codeLines(source []byte) int {
	file := token.NewFileSet().AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok == token.SEMICOLON && text == "\n" {
			continue // the scanner's own
		}
		first := file.Line(pos)
		for i := range 1 + strings.Count(text, "\n") {
			lines[first+i] = true
		}
	}
}
