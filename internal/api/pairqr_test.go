package api

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"
)

// The picture shows every module of the code where a camera looks for it.
func TestTheDrawnCodeIsTheCode(t *testing.T) {
	c, err := qr.Encode("https://hub.example.com/devices?code=K7M4QX", qr.M)
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[[2]int]bool{}
	_, path, _ := strings.Cut(svg(c), `<path d="`)
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1`).FindAllStringSubmatch(path, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		for i := range n {
			drawn[[2]int{x + i - 4, y - 4}] = true
		}
	}
	black := 0
	for y := range c.Size {
		for x := range c.Size {
			if c.Black(x, y) != drawn[[2]int{x, y}] {
				t.Fatalf("at %d, %d", x, y)
			}
			if c.Black(x, y) {
				black++
			}
		}
	}
	if len(drawn) != black {
		t.Errorf("%d drawn, %d in the code", len(drawn), black)
	}
}
