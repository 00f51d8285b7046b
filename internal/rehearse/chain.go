package rehearse

import (
	"math/rand/v2"
	"time"
)

// The day of a chain: from ten to ten, with a rush at noon and one in the evening, into which it
// rains. A part of it is the whole day drawn together.
const (
	chainDay    = 12 * time.Hour
	chainOrders = 12_000 // on the whole day
	chainSpeed  = 30     // of the clock, where nothing else is asked for: the day is played in 24 minutes

	noon, evening      = 0.17, 0.67 // when most is ordered, as parts of the day
	rainBegins, rainOn = 0.6, 1.0 / 12
)

// chainDensity is how many order at the part u of the day.
func chainDensity(u float64) float64 {
	d := 0.5 + 1.2*bell(u, noon, 0.05) + bell(u, evening, 0.06)
	if u >= rainBegins && u < rainBegins+rainOn {
		d += 0.3
	}
	return d
}

// opening is the next ten o'clock of China's clock after a moment.
func opening(now time.Time) time.Time {
	china := time.FixedZone("CST", 8*60*60)
	y, m, d := now.In(china).Date()
	at := time.Date(y, m, d, 10, 0, 0, 0, china)
	if at.Before(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// like makes an order one of those that a restaurant gets: now and then a pre-order, which still
// falls into the day, or one that is fetched.
func (b *buy) like(p Plan, rng *rand.Rand) {
	ahead := time.Duration(60+rng.IntN(60)) * time.Minute
	left := time.Duration((p.Minutes*float64(time.Minute) - float64(b.at)) * p.Speed)
	if rng.IntN(15) == 0 && ahead+time.Hour < left {
		b.promised = ahead
	}
	b.pickup = rng.IntN(20) == 0
}

// rain says when it rains, by the platform's clock.
func (c *crowd) rain() func(time.Time) bool {
	day := time.Duration(c.plan.Minutes * float64(time.Minute) * c.plan.Speed)
	began := c.at.clock.Now().Add(-time.Duration(float64(time.Since(c.diary.began)) * c.plan.Speed))
	from := began.Add(time.Duration(rainBegins * float64(day)))
	to := from.Add(time.Duration(rainOn * float64(day)))
	return func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
}
