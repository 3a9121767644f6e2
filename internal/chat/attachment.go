package chat

import "github.com/go-json-experiment/json/jsontext"

// Attachment is what of a message's attachment has a type (API: attachments). It is
// stored as it was sent.
type Attachment struct {
	Type       string             `json:"type"`
	Fallback   string             `json:"fallback"`
	Color      string             `json:"color"`
	Pretext    string             `json:"pretext"`
	AuthorName string             `json:"author_name"`
	AuthorLink string             `json:"author_link"`
	AuthorIcon string             `json:"author_icon"`
	Title      string             `json:"title"`
	TitleLink  string             `json:"title_link"`
	Text       string             `json:"text"`
	ImageURL   string             `json:"image_url"`
	ThumbURL   string             `json:"thumb_url"`
	Footer     string             `json:"footer"`
	FooterIcon string             `json:"footer_icon"`
	AssetURL   string             `json:"asset_url"`
	ScrapeURL  string             `json:"og_scrape_url"`
	Width      float64            `json:"original_width"`  // pixels
	Height     float64            `json:"original_height"` // pixels
	Actions    []AttachmentAction `json:"actions"`
	Fields     []AttachmentField  `json:"fields"`
	Giphy      jsontext.Value     `json:"giphy"`
	Custom     jsontext.Value     `json:",embed"`
}

// AttachmentAction is a button of an attachment.
type AttachmentAction struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Style string `json:"style"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// AttachmentField is a line of an attachment's table.
type AttachmentField struct {
	Title string `json:"title"`
	Value string `json:"value"`
	Short bool   `json:"short"`
}
