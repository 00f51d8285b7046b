// Package geo has places on a map and the three coordinate systems that are in use in China, and the shapes that
// delivery areas have. It is pure: no I/O, no state.
//
// GPS speaks WGS-84. Maps in China must be drawn in GCJ-02, which shifts a place by up to some 700 metres: Gaode,
// Tencent and Meituan use it. Baidu shifts that once more, which is BD-09. A delivery area that is given in the wrong
// one is drawn a few streets away, and nothing shows it.
//
// Neither shift is published by its maker. The formulas here are those that every map library uses, as known from the
// reconstruction of 2013 (GCJ-02) and from Baidu's own converter (BD-09); their published values are the tests.
package geo

import "math"

// A Point is a place in degrees: latitude north, longitude east.
type Point struct {
	Lat float64 `json:"lat" minimum:"-90" maximum:"90"`
	Lon float64 `json:"lon" minimum:"-180" maximum:"180"`
}

// A System is a coordinate system.
type System string

// The systems.
const (
	WGS84 System = "wgs84" // GPS, OpenStreetMap
	GCJ02 System = "gcj02" // Gaode, Tencent, Meituan
	BD09  System = "bd09"  // Baidu
)

// Known reports whether a system is one of the three.
func (s System) Known() bool { return s == WGS84 || s == GCJ02 || s == BD09 }

// Convert says in one system where a place of another is. Outside China the systems agree but for BD-09's own shift.
// There and back differs by less than a centimetre.
func (p Point) Convert(from, to System) Point {
	if from == to {
		return p
	}
	switch from {
	case WGS84:
		p = p.shifted()
	case BD09:
		p = fixed(p, Point.baidu)
	}
	switch to {
	case WGS84:
		p = fixed(p, Point.shifted)
	case BD09:
		p = p.baidu()
	}
	return p
}

// Micro is a place rounded to a millionth of a degree, which is a tenth of a metre: what platforms take.
func (p Point) Micro() Point {
	return Point{math.Round(p.Lat*1e6) / 1e6, math.Round(p.Lon*1e6) / 1e6}
}

// Metres is the distance of two places on a sphere, which is right to half a percent.
func (p Point) Metres(q Point) float64 {
	const radius = 6_371_008.8
	a, b := rad(p.Lat), rad(q.Lat)
	h := math.Pow(math.Sin((b-a)/2), 2) + math.Cos(a)*math.Cos(b)*math.Pow(math.Sin(rad(q.Lon-p.Lon)/2), 2)
	return 2 * radius * math.Asin(math.Min(1, math.Sqrt(h)))
}

func rad(deg float64) float64 { return deg * math.Pi / 180 }

// The ellipsoid of the shift (Krasovsky 1940) and the rectangle in which it is applied.
const (
	axis         = 6378245.0
	eccentricity = 0.00669342162296594323
	west, east   = 72.004, 137.8347
	south, north = 0.8293, 55.8271
)

// shifted is the GCJ-02 of a place in WGS-84.
func (p Point) shifted() Point {
	if p.Lon < west || p.Lon > east || p.Lat < south || p.Lat > north {
		return p
	}
	x, y := p.Lon-105, p.Lat-35
	waves := (20*math.Sin(6*x*math.Pi) + 20*math.Sin(2*x*math.Pi)) * 2 / 3
	dLat := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*math.Sqrt(math.Abs(x)) + waves +
		(20*math.Sin(y*math.Pi)+40*math.Sin(y/3*math.Pi))*2/3 + (160*math.Sin(y/12*math.Pi)+320*math.Sin(y*math.Pi/30))*2/3
	dLon := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*math.Sqrt(math.Abs(x)) + waves +
		(20*math.Sin(x*math.Pi)+40*math.Sin(x/3*math.Pi))*2/3 + (150*math.Sin(x/12*math.Pi)+300*math.Sin(x/30*math.Pi))*2/3
	sin := math.Sin(rad(p.Lat))
	magic := 1 - eccentricity*sin*sin
	root := math.Sqrt(magic)
	return Point{
		p.Lat + dLat*180/((axis*(1-eccentricity))/(magic*root)*math.Pi),
		p.Lon + dLon*180/(axis/root*math.Cos(rad(p.Lat))*math.Pi),
	}
}

// baidu is the BD-09 of a place in GCJ-02.
func (p Point) baidu() Point {
	const turn = math.Pi * 3000 / 180
	z := math.Hypot(p.Lon, p.Lat) + 0.00002*math.Sin(p.Lat*turn)
	theta := math.Atan2(p.Lat, p.Lon) + 0.000003*math.Cos(p.Lon*turn)
	return Point{z*math.Sin(theta) + 0.006, z*math.Cos(theta) + 0.0065}
}

// fixed finds the place that f moves to p: f moves by little and smoothly, so what is off is taken off again, ten
// times at most.
func fixed(p Point, f func(Point) Point) Point {
	q := p
	for range 10 {
		r := f(q)
		dLat, dLon := r.Lat-p.Lat, r.Lon-p.Lon
		q = Point{q.Lat - dLat, q.Lon - dLon}
		if math.Abs(dLat) < 1e-10 && math.Abs(dLon) < 1e-10 {
			break
		}
	}
	return q
}
