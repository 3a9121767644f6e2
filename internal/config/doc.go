// Package config is what an operator can set: one struct whose tags are the names,
// defaults and meanings of the settings, and the only place that knows them. The
// settings come from environment variables and from nowhere else, so that what a
// process was started with is all there is to know.
//
// Load reports every problem at once. It knows nothing of the parts that use the
// settings. A Config is not changed after Load and may be read from anywhere.
package config
