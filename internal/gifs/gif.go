package gifs

import "context"

// Finder finds pictures.
type Finder interface {
	// Find returns a picture for some words, another one at every turn; nil when
	// there is none. origin is where the client reached this server, as https://host.
	Find(ctx context.Context, words string, turn int, origin string) (*Gif, error)
}

// Gif is a moving picture in the sizes in which the API has it.
type Gif struct {
	Page   string // a page that shows it
	Images Images
}

// Images are the sizes of a picture: as it is, 200 pixels high and 200 pixels wide,
// each of these standing still or with fewer frames.
type Images struct {
	Original               Image `json:"original"`
	FixedHeight            Image `json:"fixed_height"`
	FixedHeightStill       Image `json:"fixed_height_still"`
	FixedHeightDownsampled Image `json:"fixed_height_downsampled"`
	FixedWidth             Image `json:"fixed_width"`
	FixedWidthStill        Image `json:"fixed_width_still"`
	FixedWidthDownsampled  Image `json:"fixed_width_downsampled"`
}

// Image is a picture in one size. The numbers are text in the API.
type Image struct {
	URL    string `json:"url"`
	Width  string `json:"width"`  // pixels
	Height string `json:"height"` // pixels
	Size   string `json:"size"`   // bytes
	Frames string `json:"frames"`
}
