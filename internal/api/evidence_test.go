package api_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// photo is a JPEG of one colour.
func photo(t *testing.T, side int, c color.Color) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		img.Set(i%side, i/side, c)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A picture of spoilt food is kept with its order once, is given to whoever may see the order
// and to nobody else, and neither logs nor the journal hold it.
func TestEvidenceIsKeptWithItsOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		id, _ := b.order(2)
		path := "/api/v1/orders/" + id + "/evidence"
		red := photo(t, 40, color.RGBA{200, 0, 0, 255})
		add := func(key string, p []byte) reply {
			return b.call("POST", path, key, `{"for":"r1","picture":"`+base64.StdEncoding.EncodeToString(p)+`"}`)
		}
		r := add(b.clerk, red)
		if r.status != 200 || r.get(t, "pictures.0.for") != "r1" || r.get(t, "pictures.0.type") != "image/jpeg" {
			t.Fatalf("adding: %d %s", r.status, r.body)
		}
		if r := add(b.owner, red); len(r.get(t, "pictures").([]any)) != 1 {
			t.Errorf("the same again: %s", r.body)
		}
		pic := r.get(t, "pictures.0.id").(string)
		got := b.call("GET", path+"/"+pic, b.clerk, "")
		if got.body != string(red) || got.header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(got.header.Get("Cache-Control"), "private") {
			t.Errorf("read again: %d, %d bytes of %s", got.status, len(got.body), got.header.Get("Content-Type"))
		}
		foreign := b.key(db.KeyRow{Name: "other store", Role: string(role.StoreManager), Stores: []ident.Store{b.stores[0].ID}})
		for _, x := range []struct{ method, path string }{{"GET", path}, {"GET", path + "/" + pic}, {"DELETE", path + "/" + pic}} {
			if r := b.call(x.method, x.path, foreign, ""); r.status != 404 {
				t.Errorf("%s of a foreign order: %d", x.method, r.status)
			}
		}
		for what, c := range map[string]struct {
			picture []byte
			code    string
		}{
			"a page": {[]byte("<html><script>alert(1)</script>"), "picture_kind"},
			"a lot":  {append(photo(t, 40, color.Black), make([]byte, 701<<10)...), "picture_large"},
		} {
			if r := add(b.clerk, c.picture); r.status != 422 || r.get(t, "why.code") != c.code {
				t.Errorf("%s: %d %s", what, r.status, r.body)
			}
		}
		for i := range 8 {
			r = add(b.owner, photo(t, 10+i, color.White))
		}
		if r.status != 409 || r.get(t, "why.code") != "evidence_many" {
			t.Errorf("a ninth: %d %s", r.status, r.body)
		}
		for _, link := range []string{"x", pic, strings.Repeat("A", 59)} { // without a sign-in, and made up
			if r := b.call("GET", "/picture/"+link, "", ""); r.status != 404 {
				t.Errorf("the picture behind %q: %d", link, r.status)
			}
		}
		if r := b.call("DELETE", path+"/"+pic, b.clerk, ""); r.status != 204 {
			t.Errorf("her own: %d %s", r.status, r.body)
		}
		his := b.call("GET", path, b.clerk, "").get(t, "pictures.0.id").(string)
		if r := b.call("DELETE", path+"/"+his, b.clerk, ""); r.status != 403 {
			t.Errorf("somebody else's, by a clerk: %d", r.status)
		}
		journal := b.call("GET", "/api/v1/orders/"+id+"/journal?limit=100&bodies=true", b.owner, "")
		if !strings.Contains(journal.body, `"what":"evidence"`) {
			t.Error("the journal does not say that there is one")
		}
		secret := base64.StdEncoding.EncodeToString(red)[:60]
		if strings.Contains(journal.body, secret) || strings.Contains(b.log.String(), secret) {
			t.Error("a picture is in the journal or in the log")
		}
	})
}
