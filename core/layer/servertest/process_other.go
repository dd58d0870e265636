//go:build !linux

package servertest

import "syscall"

// attributes put a server into a group of its own, so that its children can be
// killed with it.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
