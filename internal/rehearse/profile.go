package rehearse

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tongdan/tongdan/internal/hub"
)

// A buy is one order that is going to be placed, or what a customer does with one.
type buy struct {
	at     time.Duration // real time after the beginning
	retail bool          // at Mercado Libre
	hot    bool          // the one SKU of a flash sale
	lines  int           // 0 = whatever the customer likes
	pieces int

	promised time.Duration // a pre-order: so long after it is bought, on the platform's clock
	pickup   bool          // the customer fetches it
	life     *hub.Life     // of a replay: the order of that day
	deed     *hub.Deed     // nil = it is bought; else what its customer did with it
}

func bell(u, middle, width float64) float64 {
	d := (u - middle) / width
	return math.Exp(-d * d / 2)
}

// schedule says what is bought when: the same for the same plan and seed.
func schedule(p Plan) []buy {
	if p.Profile == "replay" {
		return replayed(p)
	}
	pr := profiles[p.Profile]
	rng := rand.New(rand.NewPCG(p.Seed, 0x72656865))
	const steps = 1000
	var sum [steps + 1]float64 // of the density up to each step
	for i := range steps {
		sum[i+1] = sum[i] + pr.density((float64(i)+0.5)/steps)
	}
	n := max(1, int(math.Round(p.Rate*p.Minutes*60)))
	total := time.Duration(p.Minutes * float64(time.Minute))
	out := make([]buy, n)
	for i := range out {
		// One in each of n equal parts of what is expected: random, and never a hole.
		want := (float64(i) + rng.Float64()) / float64(n) * sum[steps]
		k, _ := slices.BinarySearch(sum[:], want)
		k = min(max(k, 1), steps)
		u := (float64(k-1) + (want-sum[k-1])/(sum[k]-sum[k-1])) / steps
		out[i] = buy{at: time.Duration(u * float64(total)), retail: rng.Float64() < pr.retail, hot: rng.Float64() < pr.hot}
		if p.Profile == "chain" {
			out[i].like(p, rng)
		}
	}
	return out
}
