package httpapi

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// MaxBody bounds a request's body, in bytes, after decompression.
const MaxBody = 4 << 20

// param is a field of a request that comes from the URL.
type param struct {
	index []int
	name  string
	path  bool
}

// binder returns a function that fills a *Req from a request: fields tagged
// `path:"x"` and `query:"x"` from the URL, everything else from the JSON body (or
// the JSON document in the query parameter payload, for GET requests). A field
// may have both tags json and query: the URL is looked at last. The body goes through
// clean first.
func binder[Req any]() func(r *http.Request, req *Req, clean func([]byte) []byte) error {
	params := paramsOf(reflect.TypeFor[Req](), nil)
	inQuery := slices.ContainsFunc(params, func(p param) bool { return !p.path })
	return func(r *http.Request, req *Req, clean func([]byte) []byte) error {
		if err := readBody(r, req, clean); err != nil {
			return err
		}
		if len(params) == 0 {
			return nil
		}
		var q url.Values
		if inQuery {
			q = r.URL.Query()
		}
		v := reflect.ValueOf(req).Elem()
		for _, p := range params {
			var values []string
			if p.path {
				values = []string{pathValue(r, p.name)}
			} else {
				values = q[p.name]
			}
			if len(values) == 0 || len(values) == 1 && values[0] == "" {
				continue
			}
			if err := set(v.FieldByIndex(p.index), values); err != nil {
				return &chat.Error{Kind: chat.Invalid, Message: p.name + " " + err.Error(), Fields: map[string]string{p.name: err.Error()}}
			}
		}
		return nil
	}
}

func paramsOf(t reflect.Type, prefix []int) []param {
	var out []param
	for f := range t.Fields() {
		index := append(append([]int(nil), prefix...), f.Index...)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			out = append(out, paramsOf(f.Type, index)...)
			continue
		}
		if name, ok := f.Tag.Lookup("path"); ok {
			out = append(out, param{index, name, true})
		} else if name, ok := f.Tag.Lookup("query"); ok {
			out = append(out, param{index, name, false})
		}
	}
	return out
}

// pathValue returns a part of the path. The router leaves it escaped when the client
// escaped more than need be, as %40 for an @.
func pathValue(r *http.Request, name string) string {
	v := chi.URLParam(r, name)
	if r.URL.RawPath == "" {
		return v
	}
	plain, err := url.PathUnescape(v)
	if err != nil {
		return v
	}
	return plain
}

// readBody decodes the body, or payload where there is none.
func readBody(r *http.Request, req any, clean func([]byte) []byte) error {
	if f, ok := req.(uploaded); ok {
		return readForm(r, f)
	}
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		if p := r.URL.Query().Get("payload"); p != "" {
			return receive(r, []byte(p), req)
		}
		return nil
	}
	body, err := decompressed(r)
	if err != nil {
		return err
	}
	doc := bytes.NewBuffer(make([]byte, 0, max(0, min(r.ContentLength, MaxBody))+bytes.MinRead))
	_, err = doc.ReadFrom(body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return chat.Errorf(chat.PayloadTooBig, "the request body is too big, the limit is %d bytes", MaxBody)
	}
	if err != nil {
		return &chat.Error{Kind: chat.Invalid, Message: "the request body could not be read", Err: err}
	}
	if doc.Len() == 0 {
		return nil // an empty body is an empty request
	}
	return receive(r, clean(doc.Bytes()), req)
}

// receive decodes a document of the request's dialect.
func receive(r *http.Request, doc []byte, req any) error {
	if entryOf(r.Context()).newer {
		older, err := wire.Older(doc, req)
		if err != nil {
			return err
		}
		doc = older
	}
	return wire.Receive(doc, req)
}

// decompressed undoes the body's Content-Encoding. What comes out is bounded, too.
func decompressed(r *http.Request) (io.Reader, error) {
	var body io.Reader
	var err error
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
		return r.Body, nil
	case "gzip":
		body, err = gzip.NewReader(r.Body)
	case "deflate":
		body, err = zlib.NewReader(r.Body)
	default:
		return nil, chat.Errorf(chat.Invalid, "unsupported Content-Encoding %q", r.Header.Get("Content-Encoding"))
	}
	if err != nil {
		return nil, &chat.Error{Kind: chat.Invalid, Message: "the compressed body could not be read", Err: err}
	}
	return http.MaxBytesReader(nil, io.NopCloser(body), MaxBody), nil
}

// set parses the parameter's values into a field.
func set(v reflect.Value, values []string) error {
	s := values[0]
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return errors.New("must be a number")
		}
		v.SetInt(int64(n))
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("must be true or false")
		}
		v.SetBool(b)
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if err := set(p.Elem(), values); err != nil {
			return err
		}
		v.Set(p)
	case reflect.Slice:
		return setList(v, values)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			at, err := time.Parse(time.RFC3339Nano, s)
			if err != nil {
				return errors.New("must be a date in RFC 3339")
			}
			v.Set(reflect.ValueOf(at.UTC()))
			return nil
		}
		return wire.Unmarshal([]byte(s), v.Addr().Interface())
	default:
		return errors.New("cannot be given here")
	}
	return nil
}

// setList takes a list as repeated parameters, as comma-separated text or as a
// JSON document: the SDKs do all three.
func setList(v reflect.Value, values []string) error {
	if v.Type() == reflect.TypeFor[jsontext.Value]() || strings.HasPrefix(values[0], "[") {
		if err := wire.Unmarshal([]byte(values[0]), v.Addr().Interface()); err != nil {
			return errors.New("must be a JSON document")
		}
		return nil
	}
	if v.Type().Elem().Kind() != reflect.String {
		return errors.New("must be a JSON document")
	}
	var list []string
	for _, s := range values {
		list = append(list, strings.Split(s, ",")...)
	}
	v.Set(reflect.ValueOf(list).Convert(v.Type()))
	return nil
}
