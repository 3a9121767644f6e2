package chat

import "github.com/go-json-experiment/json/jsontext"

// Attachment is what of a message's attachment has a type (API: attachments). Those of
// clients are stored as they were sent.
type Attachment struct {
	Type       string             `json:"type,omitzero"`
	Fallback   string             `json:"fallback,omitzero"`
	Color      string             `json:"color,omitzero"`
	Pretext    string             `json:"pretext,omitzero"`
	AuthorName string             `json:"author_name,omitzero"`
	AuthorLink string             `json:"author_link,omitzero"`
	AuthorIcon string             `json:"author_icon,omitzero"`
	Title      string             `json:"title,omitzero"`
	TitleLink  string             `json:"title_link,omitzero"`
	Text       string             `json:"text,omitzero"`
	ImageURL   string             `json:"image_url,omitzero"`
	ThumbURL   string             `json:"thumb_url,omitzero"`
	Footer     string             `json:"footer,omitzero"`
	FooterIcon string             `json:"footer_icon,omitzero"`
	AssetURL   string             `json:"asset_url,omitzero"`
	ScrapeURL  string             `json:"og_scrape_url,omitzero"`
	Width      float64            `json:"original_width,omitzero"`  // pixels
	Height     float64            `json:"original_height,omitzero"` // pixels
	Actions    []AttachmentAction `json:"actions,omitzero"`
	Fields     []AttachmentField  `json:"fields,omitzero"`
	Giphy      jsontext.Value     `json:"giphy,omitzero"`
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
