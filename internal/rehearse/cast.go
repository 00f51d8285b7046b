package rehearse

import (
	"fmt"
	"slices"

	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// What the simulated platforms know us by. It opens nothing but them.
const (
	simApp    = "4321"
	simSecret = "3d8f1c5e7a9b2d4f6081a3c5e7f90b1d"

	simDeveloper = "100001"
	simSignKey   = "signkey_rehearsal_0001"
)

// A cast is who sells in a rehearsal.
type cast struct {
	takeaway []mt.Store        // those with a token are bound to a service provider
	sellers  []ml.Seller       // none = no Mercado Libre
	at       map[string]string // the Meituan shop whose store a seller shares, by the seller's id: both sell from one pile
	counted  int               // specifications of dishes that stock is kept of, at each store; the rest is sold without a number
}

// few are two shops of Meituan's that its riders serve, one that delivers itself, and two sellers
// of Mercado Libre, one whose parcels the platform carries and one who sends them himself.
func few() *cast {
	return &cast{
		takeaway: []mt.Store{
			{Code: "TEA001", Name: "演练店一", Logistics: "1001"},
			{Code: "TEA002", Name: "演练店二", Logistics: "0000"},
			{Code: "TEA003", Name: "演练店三", Logistics: "1001"},
		},
		sellers: []ml.Seller{
			{ID: 700000001, Site: "MLB", Nickname: "ENSAIO BR", Logistic: "cross_docking"},
			{ID: 700000009, Site: "MLM", Nickname: "ENSAYO MX", Logistic: "default"},
		},
		at:      map[string]string{"700000001": "TEA001", "700000009": "TEA003"},
		counted: 12,
	}
}

// The channels on which Meituan's shops are: the direct platform and that of service providers.
const (
	direct   = "meituan"
	provided = "meituan-partner"
)

// chain are thirty shops of one merchant on both platforms of Meituan: six are reached through a
// service provider, five deliver themselves.
func chain() *cast {
	c := &cast{counted: 4}
	for i := range chainShops {
		s := mt.Store{Code: fmt.Sprintf("CHAIN%02d", i+1), Name: fmt.Sprintf("连锁%02d店", i+1), Logistics: "1001"}
		switch i % 5 {
		case 2:
			s.Token = "token_" + s.Code
		case 4:
			if i < 25 {
				s.Logistics = "0000"
			}
		}
		c.takeaway = append(c.takeaway, s)
	}
	return c
}

// chainShops is how many shops a chain has.
const chainShops = 30

// provided counts the shops that a service provider reaches.
func (c *cast) provided() (n int) {
	for _, s := range c.takeaway {
		if s.Token != "" {
			n++
		}
	}
	return n
}

// channelOf is where a shop of Meituan's is reached.
func channelOf(s mt.Store) string {
	if s.Token != "" {
		return provided
	}
	return direct
}

// channel is that of channelOf, by what a simulator calls the platform and the shop.
func (c *cast) channel(platform, code string) string {
	if platform == direct && slices.ContainsFunc(c.takeaway, func(s mt.Store) bool { return s.Code == code && s.Token != "" }) {
		return provided
	}
	return platform
}

// takeaway reports whether a channel is one of Meituan's.
func takeaway(channel string) bool { return channel == direct || channel == provided }

// shops is how many there are on all platforms.
func (c *cast) shops() int { return len(c.takeaway) + len(c.sellers) }

// accounts is how many authorisations the hub has for them.
func (c *cast) accounts() int { return 1 + c.provided() + len(c.sellers) }
