package hub_test

import "testing"

// A message that has come is known to have come, and those of which none ever did are told apart from those that the
// platform only looked at.
func TestWhichMessagesHaveEverComeIsNoted(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.place(`{"app_poi_code":"TEA001"}`)
		w.until("the push is noted, and nothing else", func() bool {
			heard, err := w.db.Heard(t.Context(), w.who.Merchant, w.app.ID)
			w.must(err)
			return heard["order/paid"].Came > 0 && heard["order/cancelled"].Came == 0
		})
	})
}
