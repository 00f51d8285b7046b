package hub

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// A platform takes pictures by address and fetches them when somebody there looks. One that is kept with an order has an
// address as long as an appeal is looked into: a link that names it, ends, and cannot be made up. Whoever holds it sees
// that one picture and nothing else.

const (
	// PicturePath is where such links begin.
	PicturePath = "/picture/"

	pictureFor    = 30 * 24 * time.Hour
	linkNames     = 3*8 + 4 // merchant, order, picture, hour of its end
	linkSum       = 16
	mostAddresses = 9
	longAddress   = 500
)

// addresses gives the pictures of an act as addresses: those that are kept with the order by a link, others as they are.
func (h *Hub) addresses(ctx context.Context, who Actor, id ident.Order, pictures []string) ([]string, error) {
	const op = "hub.addresses"
	out := make([]string, 0, len(pictures))
	var kept []db.EvidenceRow
	base := ""
	for _, p := range pictures {
		if strings.HasPrefix(p, "http://") || strings.HasPrefix(p, "https://") {
			out = append(out, p)
			continue
		}
		if base == "" {
			row, _, _, err := h.db.Order(ctx, who.Scope, id)
			if err == nil {
				kept, err = h.db.Evidence(ctx, who.Merchant, id)
			}
			if err != nil {
				return nil, fault.Wrap(op, err)
			}
			if base, err = h.reachedAt(row.Merchant, row.Account); err != nil {
				return nil, err
			}
		}
		var pic ident.Picture
		if err := pic.UnmarshalText([]byte(p)); err != nil || !slices.ContainsFunc(kept, func(e db.EvidenceRow) bool { return e.ID == pic }) {
			why := fault.Because("no_picture", "there is no such picture any more: take it again")
			return nil, &fault.Error{Op: op, Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong("body.pictures", why)}}
		}
		link, err := h.pictureLink(who.Merchant, id, pic)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		out = append(out, base+PicturePath+link)
	}
	return out, nil
}

// reachedAt is where a platform reaches us.
func (h *Hub) reachedAt(m ident.Merchant, account ident.Account) (string, error) {
	at := ""
	if a, ok := h.db.AccountByID(m, account); ok {
		if app, ok := h.db.AppByID(a.App); ok {
			at = app.PublicURL
		}
	}
	if at == "" {
		at = h.public
	}
	if u, err := url.Parse(at); err != nil || u.Host == "" {
		why := fault.Because("picture_no_address", "the platform fetches pictures, and cannot reach this service: give the app its public address under Connections, or send the appeal without them")
		return "", &fault.Error{Op: "hub.reachedAt", Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong("body.pictures", why)}}
	}
	return strings.TrimRight(at, "/"), nil
}

func (h *Hub) pictureLink(m ident.Merchant, id ident.Order, pic ident.Picture) (string, error) {
	key, err := h.db.Derive(m, "picture links")
	if err != nil {
		return "", err
	}
	b := make([]byte, 0, linkNames+linkSum)
	b = binary.BigEndian.AppendUint64(b, uint64(m))
	b = binary.BigEndian.AppendUint64(b, uint64(id))
	b = binary.BigEndian.AppendUint64(b, uint64(pic))
	b = binary.BigEndian.AppendUint32(b, uint32(time.Now().Add(pictureFor).Unix()/3600))
	return base64.RawURLEncoding.EncodeToString(append(b, linkSumOf(key, b)...)), nil
}

func linkSumOf(key, names []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(names)
	return mac.Sum(nil)[:linkSum]
}

// LinkedPicture gives the picture behind a link. It fails with fault.NotFound for a link that was made up or has ended,
// and for a picture that was removed: nobody learns which.
func (h *Hub) LinkedPicture(ctx context.Context, link string) (db.EvidenceRow, error) {
	const op = "hub.LinkedPicture"
	none := fault.Say(op, fault.NotFound, "not_found", "there is no such thing")
	b, err := base64.RawURLEncoding.Strict().DecodeString(link)
	if err != nil || len(b) != linkNames+linkSum {
		return db.EvidenceRow{}, none
	}
	m, id, pic := ident.Merchant(binary.BigEndian.Uint64(b)), ident.Order(binary.BigEndian.Uint64(b[8:])), ident.Picture(binary.BigEndian.Uint64(b[16:]))
	key, err := h.db.Derive(m, "picture links")
	if err != nil || !hmac.Equal(linkSumOf(key, b[:linkNames]), b[linkNames:]) || time.Now().Unix()/3600 >= int64(binary.BigEndian.Uint32(b[24:])) {
		return db.EvidenceRow{}, none
	}
	e, err := h.db.Picture(ctx, m, id, pic)
	return e, fault.Wrap(op, err)
}

// checkPictures judges the pictures of an act before anything is looked up.
func checkPictures(list []string) (fault.Reason, bool) {
	if len(list) > mostAddresses || slices.ContainsFunc(list, func(p string) bool { return p == "" || len(p) > longAddress || !utf8.ValidString(p) }) {
		return fault.Because("field_pictures", "give up to {most} pictures, each by its address or as it was taken here", "most", itoa(mostAddresses)), false
	}
	return fault.Reason{}, true
}
