// Command bench measures chatd over its public API, and in the same run the
// limits of the machine beside it, and prints the ratios: absolute figures are
// the machine's, ratios are chatd's.
//
//	go run ./bench                 all workloads, three rounds (make bench)
//	go run ./bench -rounds 1 sends fanout
//
// It runs a private PostgreSQL with durable settings, the built chatd on it, and
// itself once more as a bare broadcast server. All load stays on the loopback
// interface and is bounded in time.
//
// It owns the load (a file for each workload), the clients that make it as
// cheaply as they can (client.go, socket.go, crowd.go) and the report. What is
// measured and why stands in docs/performance.md.
//
// Workloads run one after the other; the goroutines of one have ended when it
// returns.
package main
