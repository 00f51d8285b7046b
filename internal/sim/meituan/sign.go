package meituan

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// field is a parameter by name and raw value. Order is kept: pushes arrive unsorted.
type field struct {
	K string `json:"k"`
	V string `json:"v"`
}

// canonical is the text whose MD5 is the signature: URL without query, "?", the parameters sorted
// by name with raw values, the secret. Empty values count, sig does not (Meituan open platform
// docs, signature rules).
func canonical(base string, params []field, secret string) string {
	sorted := slices.Clone(params)
	slices.SortStableFunc(sorted, func(a, b field) int { return strings.Compare(a.K, b.K) })
	size := len(base) + 1 + len(secret)
	for _, p := range sorted {
		size += len(p.K) + len(p.V) + 2
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(base)
	sep := byte('?')
	for _, p := range sorted {
		if p.K == "sig" {
			continue
		}
		b.WriteByte(sep)
		sep = '&'
		b.WriteString(p.K)
		b.WriteByte('=')
		b.WriteString(p.V)
	}
	if sep == '?' {
		b.WriteByte('?')
	}
	b.WriteString(secret)
	return b.String()
}

// sign returns the lower-case hexadecimal signature.
func sign(base string, params []field, secret string) string {
	sum := md5.Sum([]byte(canonical(base, params, secret)))
	return hex.EncodeToString(sum[:])
}

// sameSig compares as the platform does: case-sensitively.
func sameSig(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

const maxRequest = 8 << 20

var errTwice = errors.New("a parameter arrives twice")

// readParams merges query and form body. A name that occurs twice is errTwice: which of
// the two would be signed is not documented.
func readParams(r *http.Request) (params []field, file []byte, err error) {
	seen := map[string]bool{}
	add := func(values url.Values) error {
		names := make([]string, 0, len(values))
		for k := range values {
			names = append(names, k)
		}
		slices.Sort(names)
		for _, k := range names {
			if seen[k] || len(values[k]) > 1 {
				return errTwice
			}
			seen[k] = true
			params = append(params, field{k, values[k][0]})
		}
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, err
	}
	if err := add(query); err != nil {
		return nil, nil, err
	}
	body := http.MaxBytesReader(nil, r.Body, maxRequest)
	kind, how, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		values, file, err := readMultipart(multipart.NewReader(body, how["boundary"]))
		if err != nil {
			return nil, nil, err
		}
		return params, file, add(values)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, nil, err
	}
	form, err := url.ParseQuery(strings.TrimSpace(string(raw)))
	if err != nil {
		return nil, nil, err
	}
	return params, nil, add(form)
}

// readMultipart takes the text parts, and the image, which is not signed.
func readMultipart(m *multipart.Reader) (values url.Values, file []byte, err error) {
	values = url.Values{}
	for {
		part, err := m.NextPart()
		if err == io.EOF {
			return values, file, nil
		}
		if err != nil {
			return nil, nil, err
		}
		name := part.FormName()
		if part.FileName() != "" || name == "img_data" || name == "file" {
			if file, err = io.ReadAll(part); err != nil {
				return nil, nil, err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, 1<<20))
		if err != nil {
			return nil, nil, err
		}
		values.Add(name, string(text))
	}
}

// wire encodes parameters as a form. Callbacks of the platform are encoded twice: each value
// once by its own code and once more by the HTTP layer; the signature is over the raw value.
func wire(params []field, double bool) string {
	size := 0
	for _, p := range params {
		size += len(p.K) + 2*len(p.V) + 2
	}
	var b strings.Builder
	b.Grow(size) // about
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		v := p.V
		if double {
			v = url.QueryEscape(v)
		}
		b.WriteString(url.QueryEscape(p.K))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(v))
	}
	return b.String()
}
