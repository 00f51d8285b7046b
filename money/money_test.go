package money_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/tongdan/tongdan/money"
	"pgregory.net/rapid"
)

func TestParseIsExactAndRefusesWhatItWouldHaveToGuess(t *testing.T) {
	for _, c := range []struct {
		text string
		cur  money.Currency
		want int64
		ok   bool
	}{
		{"25.5", "CNY", 2550, true}, {"0.01", "CNY", 1, true}, {"-3", "BRL", -300, true}, {".5", "MXN", 50, true},
		{"1000", "CLP", 1000, true}, {"1000.00", "CLP", 1000, true}, {"1000.5", "CLP", 0, false},
		{"12.3400", "COP", 1234, true}, {"0.001", "CNY", 0, false}, {"1e3", "CNY", 0, false}, {"", "CNY", 0, false},
		{"-", "CNY", 0, false}, {"1,5", "BRL", 0, false}, {"5", "ZZZ", 0, false}, {"99999999999999999999", "CNY", 0, false}, {"NaN", "CNY", 0, false},
	} {
		got, err := money.Parse(c.text, c.cur)
		if (err == nil) != c.ok || (c.ok && got != money.Of(c.want, c.cur)) {
			t.Errorf("Parse(%q, %s) = %v, %v; want %d, ok %v", c.text, c.cur, got, err, c.want, c.ok)
		}
	}
}

func TestTextAndParseAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cur := rapid.SampledFrom([]money.Currency{"CNY", "CLP", "COP", "BRL"}).Draw(t, "cur")
		a := money.Of(rapid.Int64Range(-1<<53, 1<<53).Draw(t, "minor"), cur)
		b, err := money.Parse(a.Text(), cur)
		if err != nil || a != b {
			t.Fatalf("%v became %v (%v)", a, b, err)
		}
		j, _ := json.Marshal(a)
		var c money.Amount
		if err := json.Unmarshal(j, &c); err != nil || c != a {
			t.Fatalf("%s became %v (%v)", j, c, err)
		}
	})
}

func TestSplitNeverLosesACent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.Of(rapid.Int64Range(math.MinInt64+1, math.MaxInt64).Draw(t, "minor"), "CNY")
		w := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 1, 20).Draw(t, "weights")
		got, err := money.Sum(a.Split(w...)...)
		if err != nil || got != a {
			t.Fatalf("parts of %v by %v sum to %v (%v)", a, w, got, err)
		}
	})
}

func TestMixingCurrenciesAndOverflowAreErrors(t *testing.T) {
	if _, err := money.Of(1, "CNY").Add(money.Of(1, "BRL")); err == nil {
		t.Error("CNY + BRL gave a sum")
	}
	if _, err := money.Of(math.MaxInt64, "CNY").Add(money.Of(1, "CNY")); err == nil {
		t.Error("overflow of a sum went unnoticed")
	}
	if _, err := money.Of(math.MaxInt64/2, "CNY").Mul(3); err == nil {
		t.Error("overflow of a product went unnoticed")
	}
	if s, err := (money.Amount{}).Add(money.Of(5, "CNY")); err != nil || s != money.Of(5, "CNY") {
		t.Errorf("zero + 5 = %v, %v", s, err)
	}
}

func TestDigitsFromOutsideMustBeOurs(t *testing.T) {
	var a money.Amount
	if err := json.Unmarshal([]byte(`{"minor":1,"digits":0,"currency":"COP"}`), &a); err == nil {
		t.Error("COP with 0 digits was taken: the amount would be wrong by 100")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("25.5", "CNY")
	f.Add("-.0", "CLP")
	f.Fuzz(func(t *testing.T, text, cur string) {
		a, err := money.Parse(text, money.Currency(cur))
		if err == nil {
			if b, err := money.Parse(a.Text(), a.Currency()); err != nil || a != b {
				t.Fatalf("%q → %v → %v (%v)", text, a, b, err)
			}
		}
	})
}
