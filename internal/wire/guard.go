//go:build goexperiment.jsonv2 && !go1.27

package wire

// This experiment of Go 1.26 knows the custom fields' tag under another name and
// would drop them without a word, so the build stops here.
var _ = unset_GOEXPERIMENT_jsonv2_it_ignores_the_embed_tag
