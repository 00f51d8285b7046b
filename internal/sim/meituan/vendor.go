package meituan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/internal/sim"
)

// Apps of vendors (ISV) on the first platform: each call carries the token of the store that it is about. The app asks
// for one by the store's code (oauth/authorize) while the store is bound to it, and makes the next one with a refresh
// token (oauth/token). How long a token lives is not published (VendorTokenLife), nor whether a refresh token works
// twice (VendorRefreshOnce).

// vendorTokens are a store's in the vendor's app; Dies is in Unix seconds.
type vendorTokens struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"`
	Dies    int64  `json:"dies"`
	Unbound bool   `json:"unbound,omitempty"` // the merchant has taken the store out of the app
}

func vendorRoutes(routes map[string]endpoint) {
	routes["oauth/authorize"] = endpoint{"GET", func(c *call) (any, error) {
		code, err := c.need("app_poi_code")
		switch {
		case err != nil:
			return nil, err
		case c.p["response_type"] != "token":
			return nil, badFormat("response_type")
		}
		return c.s.newToken(func(st *Store) bool { return st.Code == code })
	}}
	routes["oauth/token"] = endpoint{"POST", func(c *call) (any, error) {
		given, err := c.need("refresh_token")
		switch {
		case err != nil:
			return nil, err
		case c.p["grant_type"] != "refresh_token":
			return nil, badFormat("grant_type")
		}
		return c.s.newToken(func(st *Store) bool { return st.Vendor.Refresh == given })
	}}
}

// newToken gives the first store that is meant its next tokens.
func (s *Sim) newToken(meant func(*Store) bool) (any, error) {
	code := ""
	s.mu.Lock()
	life := int64(s.config.VendorTokenLife)
	for c, st := range s.stores {
		if meant(st) && !st.Vendor.Unbound {
			code = c
		}
	}
	s.mu.Unlock()
	if code == "" {
		return nil, refusal{errToken.code, "门店未授权或refresh_token无效"}
	}
	var out envelope
	_, err := s.withStore(code, func(t *change, st *Store) (bool, error) {
		st.Vendor.Access, st.Vendor.Dies = "access_"+t.newID(), t.now+life
		if st.Vendor.Refresh == "" || t.s.config.VendorRefreshOnce {
			st.Vendor.Refresh = "refresh_" + t.newID()
		}
		out = envelope{"status": 0, "access_token": st.Vendor.Access, "expires_in": life, "refresh_token": st.Vendor.Refresh, "re_expires_in": 4 * life, "state": "", "message": ""}
		return true, nil
	})
	return out, err
}

// admit holds a call of a vendor's app against its token: it must live, and be that of the store that is named, or
// whose order is.
func (s *Sim) admit(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.config.Vendor || strings.HasPrefix(c.kind, "oauth/") {
		return nil
	}
	token, now := c.p["access_token"], s.clock.Now().Unix()
	for _, st := range s.stores {
		if token == "" || st.Vendor.Access != token {
			continue
		}
		if st.Vendor.Dies <= now {
			return errToken
		}
		for _, name := range []string{"app_poi_code", "app_poi_codes"} {
			if v := c.p[name]; v != "" && slices.ContainsFunc(strings.Split(v, ","), func(code string) bool { return code != st.Code }) {
				return refusal{704, "无权操作该门店"}
			}
		}
		if o := s.orders[c.seen.Order]; o != nil && o.Store != st.Code {
			return refusal{704, "无权操作该订单"}
		}
		return nil
	}
	return errToken
}

// BindApp gives a store to the app (on) or takes it out, and tells the app (推送门店绑定和解绑). A store that is taken out
// of a vendor's app has no token any more.
func (s *Sim) BindApp(store string, on bool) error {
	_, err := s.withStore(store, func(t *change, st *Store) (bool, error) {
		if st.Vendor.Unbound != on {
			return false, fmt.Errorf("store %s is that already", store)
		}
		st.Vendor = vendorTokens{Unbound: !on}
		op := map[bool]string{true: "1", false: "2"}[on]
		t.push(PushBinding, "store "+st.Code, []field{
			{"op_type", op}, {"poi_info", fmt.Sprintf(`[{"appPoiCode":%q,"poiName":%q,"wmPoiId":%d}]`, st.Code, st.Name, st.PoiID)},
			{"op_time", strconv.FormatInt(t.now, 10)}, {"op_source", "merchant_account"}, {"settle_rebind", ""}, {"authorize_code", ""},
		})
		return true, nil
	})
	if err == error(errNoStore) {
		return fmt.Errorf("%w store %s", sim.ErrUnknown, store)
	}
	return err
}

// Audit tells the app what became of a store's check by the platform (推送门店审核结果): module 1 to 5, status 0 to 7.
func (s *Sim) Audit(store string, module, status int, reason string) error {
	_, err := s.withStore(store, func(t *change, st *Store) (bool, error) {
		t.push(PushAudit, "store "+st.Code, []field{
			{"app_poi_code", st.Code}, {"poi_type", "1"}, {"audit_detail", fmt.Sprintf(`[{"sub_module":%d,"module_status":%d,"reason":%q}]`, module, status, reason)},
		})
		return false, nil
	})
	return err
}

// EndVendorToken lets the token of a store end now.
func (s *Sim) EndVendorToken(store string) error {
	_, err := s.withStore(store, func(t *change, st *Store) (bool, error) {
		st.Vendor.Dies = t.now
		return true, nil
	})
	return err
}
