package geo_test

import (
	"math"
	"testing"

	"github.com/tongdan/tongdan/geo"
	"pgregory.net/rapid"
)

// The values that the documentation of coordtransform (JavaScript, MIT) prints for each of its functions. Its way back
// from GCJ-02 is an approximation, which ours is compared with to two metres.
func TestPublishedValues(t *testing.T) {
	tiananmen := geo.Point{Lat: 39.915, Lon: 116.404}
	for _, c := range []struct {
		from, to geo.System
		want     geo.Point
		within   float64 // metres
	}{
		{geo.BD09, geo.GCJ02, geo.Point{Lat: 39.90865673957631, Lon: 116.39762729119315}, 0.5},
		{geo.GCJ02, geo.BD09, geo.Point{Lat: 39.92133699351021, Lon: 116.41036949371029}, 1e-5},
		{geo.WGS84, geo.GCJ02, geo.Point{Lat: 39.91640428150164, Lon: 116.41024449916938}, 1e-5},
		{geo.GCJ02, geo.WGS84, geo.Point{Lat: 39.91359571849836, Lon: 116.39775550083061}, 2},
		{geo.WGS84, geo.WGS84, tiananmen, 0},
	} {
		if got := tiananmen.Convert(c.from, c.to); got.Metres(c.want) > c.within {
			t.Errorf("%s to %s: %.14f, %.14f is %.3f m from %.14f, %.14f", c.from, c.to, got.Lat, got.Lon, got.Metres(c.want), c.want.Lat, c.want.Lon)
		}
	}
}

func inChina(t *rapid.T) geo.Point {
	return geo.Point{Lat: rapid.Float64Range(18, 54).Draw(t, "lat"), Lon: rapid.Float64Range(74, 135).Draw(t, "lon")}
}

// Whichever way a place goes through the systems, it comes back to where it was; and no shift is so small that a wrong
// system would do no harm, nor larger than the shifts are known to be.
func TestThereAndBackIsTheSamePlace(t *testing.T) {
	systems := []geo.System{geo.WGS84, geo.GCJ02, geo.BD09}
	rapid.Check(t, func(t *rapid.T) {
		p := inChina(t)
		from, over, to := rapid.SampledFrom(systems).Draw(t, "from"), rapid.SampledFrom(systems).Draw(t, "over"), rapid.SampledFrom(systems).Draw(t, "to")
		back := p.Convert(from, over).Convert(over, to).Convert(to, from)
		if d := back.Metres(p); d > 0.01 {
			t.Errorf("%v by %s, %s, %s comes back %.4f m away", p, from, over, to, d)
		}
		if d := p.Convert(from, to).Metres(p); from != to && (d < 20 || d > 3000) {
			t.Errorf("%v moves by %.0f m from %s to %s", p, d, from, to)
		}
	})
}

func TestOutsideChinaNothingIsShifted(t *testing.T) {
	paris := geo.Point{Lat: 48.8566, Lon: 2.3522}
	if got := paris.Convert(geo.WGS84, geo.GCJ02); got != paris {
		t.Errorf("%v", got)
	}
}

func ring(n int, at func(int) float64) geo.Polygon {
	g := make(geo.Polygon, n)
	for i := range g {
		a := 2 * math.Pi * float64(i) / float64(n)
		g[i] = geo.Point{Lat: 30 + at(i)*math.Sin(a), Lon: 120 + at(i)*math.Cos(a)}.Micro()
	}
	return g
}

// A star round a point is always a shape and holds that point; two corners exchanged make a crossing of a round one; the
// shape stays one when it is said in another system, and encloses as much.
func TestStarsAreShapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(5, 40).Draw(t, "corners")
		radii := rapid.SliceOfN(rapid.Float64Range(0.01, 0.02), n, n).Draw(t, "radii")
		g := ring(n, func(i int) float64 { return radii[i] })
		if f := g.Flaw(); f != "" {
			t.Errorf("a star is %s: %v", f, g)
		}
		centre := geo.Point{Lat: 30, Lon: 120}
		if !g.Holds(centre) || g.Holds(geo.Point{Lat: 30.5, Lon: 120}) {
			t.Error("it does not hold its middle, or holds what is far away")
		}
		moved := g.Convert(geo.WGS84, geo.GCJ02)
		if f := moved.Flaw(); f != "" || !moved.Holds(centre.Convert(geo.WGS84, geo.GCJ02)) || moved.Holds(centre) && geo.Polygon(ring(n, func(int) float64 { return 0.001 })).SquareMetres() > moved.SquareMetres() {
			t.Errorf("in GCJ-02: %s", f)
		}
		if a, b := g.SquareMetres(), moved.SquareMetres(); math.Abs(a-b) > a/50 {
			t.Errorf("%.0f m² become %.0f", a, b)
		}
		round := ring(n, func(int) float64 { return 0.02 })
		round[0], round[2] = round[2], round[0]
		if round.Flaw() != geo.Crossing {
			t.Error("two corners were exchanged and nothing crosses")
		}
	})
}

func TestWhatIsNoShape(t *testing.T) {
	p := func(lat, lon float64) geo.Point { return geo.Point{Lat: lat, Lon: lon} }
	for _, c := range []struct {
		g    geo.Polygon
		want geo.Flaw
	}{
		{geo.Polygon{p(30, 120), p(30.01, 120)}, geo.FewCorners},
		{geo.Polygon{p(30, 120), p(30, 120), p(30.01, 120), p(30, 120)}.Open(), geo.FewCorners},
		{geo.Polygon{p(30, 120), p(30.01, 120.01), p(30.02, 120.02)}, geo.Flat},
		{geo.Polygon{p(30, 120), p(30.01, 120), p(30, 120.01), p(30.01, 120.01)}, geo.Crossing},
		{geo.Polygon{p(30, 120), p(30, 120.02), p(30, 120.01), p(30.01, 120.01)}, geo.Crossing},                       // back along an edge
		{geo.Polygon{p(30, 120), p(30, 120.02), p(30.02, 120.02), p(30, 120.01), p(30.02, 120)}, geo.Crossing},        // a corner on an edge
		{geo.Polygon{p(30, 120), p(30, 120.02), p(30.02, 120.02), p(30.02, 120), p(30, 120)}.Open(), geo.Flaw("")},    // closed by a repeat
		{geo.Polygon{p(30, 120), p(30, 120.01), p(30, 120.02), p(30.02, 120.02), p(30.02, 120)}.Open(), geo.Flaw("")}, // a corner that turns nothing
	} {
		if got := c.g.Flaw(); got != c.want {
			t.Errorf("%v: %q, want %q", c.g, got, c.want)
		}
	}
}
