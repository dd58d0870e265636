// Package faulttest takes servers, networks and processes away from hubs, and counts
// what is lost. It has tests alone; README.md says how to run them.
package faulttest
