package rehearse

import (
	"context"
	"crypto/rand"

	server "github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// newOwner makes the merchant of the rehearsal and an API key of his.
func newOwner(ctx context.Context, d *db.DB) (string, error) {
	m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "演练", Locale: "zh-CN"})
	if err != nil {
		return "", err
	}
	key := server.KeyPrefix + rand.Text()
	_, err = d.AddKey(ctx, db.KeyRow{Merchant: m.ID, Name: "rehearsal", Hash: server.HashToken(key), Role: string(role.Owner), Personal: true})
	return key, err
}
