package geo

import "math"

// A Polygon is the corners of a shape, in order. The last is joined to the first and is not repeated.
type Polygon []Point

// A Flaw says what keeps a polygon from being a shape; "" = nothing.
type Flaw string

// The flaws.
const (
	FewCorners Flaw = "few_corners" // fewer than three that differ
	Crossing   Flaw = "crossing"    // an edge touches or crosses another
	Flat       Flaw = "flat"        // it encloses nothing
)

// Open is the polygon without corners that repeat the one before, and without a last one that repeats the first.
func (g Polygon) Open() Polygon {
	var out Polygon
	for _, p := range g {
		if len(out) == 0 || out[len(out)-1] != p {
			out = append(out, p)
		}
	}
	for len(out) > 1 && out[0] == out[len(out)-1] {
		out = out[:len(out)-1]
	}
	return out
}

// Convert is the polygon in another system, rounded to what platforms take.
func (g Polygon) Convert(from, to System) Polygon {
	out := make(Polygon, len(g))
	for i, p := range g {
		out[i] = p.Convert(from, to).Micro()
	}
	return out
}

// Flaw looks whether the polygon is a simple shape. It compares each edge with each other: some hundred corners at most.
func (g Polygon) Flaw() Flaw {
	n := len(g)
	if n < 3 {
		return FewCorners
	}
	line := true
	for _, p := range g {
		line = line && turn(g[0], g[1], p) == 0
	}
	if line {
		return Flat
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			a, b, c, d := g[i], g[(i+1)%n], g[j], g[(j+1)%n]
			switch {
			case j == i+1: // neighbours share a corner; they must not lie on one another
				if turn(a, b, d) == 0 && ahead(a, b, d) < 0 {
					return Crossing
				}
			case i == 0 && j == n-1:
				if turn(c, a, b) == 0 && ahead(c, a, b) < 0 {
					return Crossing
				}
			case meet(a, b, c, d):
				return Crossing
			}
		}
	}
	return ""
}

// twice is twice the signed area in square degrees.
func (g Polygon) twice() (sum float64) {
	for i, p := range g {
		q := g[(i+1)%len(g)]
		sum += (p.Lon-g[0].Lon)*(q.Lat-g[0].Lat) - (q.Lon-g[0].Lon)*(p.Lat-g[0].Lat)
	}
	return sum
}

// SquareMetres is how much a polygon of some kilometres encloses.
func (g Polygon) SquareMetres() float64 {
	if len(g) < 3 {
		return 0
	}
	const degree = 111_195.08
	return math.Abs(g.twice()) / 2 * degree * degree * math.Cos(rad(g[0].Lat))
}

// Holds reports whether a place lies inside; on an edge it may be either.
func (g Polygon) Holds(p Point) bool {
	in := false
	for i, a := range g {
		b := g[(i+1)%len(g)]
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) && p.Lon < (b.Lon-a.Lon)*(p.Lat-a.Lat)/(b.Lat-a.Lat)+a.Lon {
			in = !in
		}
	}
	return in
}

// turn is positive when the way from a over b to c turns left, 0 when it is straight. Millionths of a degree are
// whole numbers here, so that straight is straight.
func turn(a, b, c Point) float64 {
	x := func(v float64) float64 { return math.Round(v * 1e6) }
	return (x(b.Lon)-x(a.Lon))*(x(c.Lat)-x(a.Lat)) - (x(b.Lat)-x(a.Lat))*(x(c.Lon)-x(a.Lon))
}

// ahead is positive when the way from b to c goes on as it came from a.
func ahead(a, b, c Point) float64 {
	return (b.Lon-a.Lon)*(c.Lon-b.Lon) + (b.Lat-a.Lat)*(c.Lat-b.Lat)
}

// meet reports whether two edges touch or cross.
func meet(a, b, c, d Point) bool {
	abc, abd, cda, cdb := turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
	if (abc > 0) != (abd > 0) && (cda > 0) != (cdb > 0) && abc != 0 && abd != 0 && cda != 0 && cdb != 0 {
		return true
	}
	return abc == 0 && between(a, b, c) || abd == 0 && between(a, b, d) || cda == 0 && between(c, d, a) || cdb == 0 && between(c, d, b)
}

func between(a, b, p Point) bool {
	return math.Min(a.Lon, b.Lon) <= p.Lon && p.Lon <= math.Max(a.Lon, b.Lon) && math.Min(a.Lat, b.Lat) <= p.Lat && p.Lat <= math.Max(a.Lat, b.Lat)
}
