package format

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Texts stand out from what they stand on by at least 4.5 to 1, and what is drawn by
// 3 to 1, as WCAG 2.2 wants it; light and dark have the same colours. Nothing moves,
// and on paper nothing is cut off.
func TestPageStyle(t *testing.T) {
	schemes := regexp.MustCompile(`:root\{([^}]*)\}`).FindAllStringSubmatch(pageCSS, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes", len(schemes))
	}
	for i, scheme := range schemes {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--(\w+):#(\w+)`).FindAllStringSubmatch(scheme[1], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		if len(colours) != 12 {
			t.Errorf("scheme %d: %d colours", i, len(colours))
		}
		for name, least := range map[string]float64{"fg": 7, "dim": 4.5, "critical": 4.5, "high": 4.5, "medium": 4.5, "low": 4.5, "info": 4.5, "ok": 4.5, "past": 3} {
			for _, on := range []string{"bg", "card"} {
				if c := contrast(colours[name], colours[on]); c < least {
					t.Errorf("scheme %d: %s on %s has %.2f to 1", i, name, on, c)
				}
			}
		}
	}
	for _, no := range []string{"transition", "animation", "@import", "url("} {
		if strings.Contains(pageCSS, no) {
			t.Errorf("the style has %s", no)
		}
	}
	_, paper, _ := strings.Cut(pageCSS, "@media print{")
	for _, want := range []string{".scroll{overflow:visible}", ".wide,.flow{min-width:0}", "details::details-content{content-visibility:visible"} {
		if !strings.Contains(paper, want) {
			t.Errorf("on paper there is no %s", want)
		}
	}
	if !strings.Contains(pageCSS, ":focus-visible{outline:") {
		t.Error("what has the focus does not show")
	}
}

func contrast(a, b float64) float64 { return (max(a, b) + .05) / (min(a, b) + .05) }

// luminance is that of a colour as CSS writes it, by WCAG.
func luminance(t *testing.T, hex string) (sum float64) {
	if len(hex) == 3 {
		hex = strings.Repeat(hex[:1], 2) + strings.Repeat(hex[1:2], 2) + strings.Repeat(hex[2:], 2)
	}
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= .04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
