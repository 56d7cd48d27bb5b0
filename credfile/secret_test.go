package credfile

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"
)

const clear = "s3cr3t/Clear+Text"

type holder struct {
	Open   Secret
	hidden Secret
	pair   Pair
	ptr    *Secret
	list   []Secret
	byName map[string]Pair
	any    any
}

func holders() map[string]any {
	s := NewSecret(clear)
	h := holder{s, s, Pair{"AKIA", s}, &s, []Secret{s}, map[string]Pair{"a": {"AKIA", s}}, s}
	return map[string]any{
		"secret": s, "pointer": &s, "struct": h, "pointer to struct": &h, "slice": []Secret{s}, "array": [1]Secret{s},
		"map": map[string]Secret{"a": s}, "map key": map[Secret]int{s: 1}, "pair": Pair{"AKIA", s}, "pairs": []*Pair{{"AKIA", s}},
		"reading": Reading{Pair: Pair{"AKIA", s}, Token: s}, "swap": Swap{From: []Pair{{"AKIA", s}}, To: Pair{"AKIA", s}},
	}
}

// shows reports whether out holds the secret, in clear or as hex or bytes.
func shows(out string) bool {
	for _, form := range []string{clear, fmt.Sprintf("%x", clear), fmt.Sprintf("%X", clear), fmt.Sprintf("% x", clear), strings.Trim(fmt.Sprint([]byte(clear)), "[]")} {
		if strings.Contains(out, form) {
			return true
		}
	}
	return false
}

func TestSecretFormats(t *testing.T) {
	if !shows(fmt.Sprintf("%x", []byte(clear))) {
		t.Fatal("shows does not see a secret in hex")
	}
	verbs := []string{"v", "+v", "#v", "s", "q", "x", "X", "# x", "d", "t", "p", "T", "b", "o", "c", "U", "e", "g", "w", "z"}
	for name, h := range holders() {
		for _, v := range verbs {
			if out := fmt.Sprintf("%"+v, h); shows(out) {
				t.Errorf("%%%s of a %s shows the secret: %s", v, name, out)
			}
		}
		if out := fmt.Sprint(h) + fmt.Sprintln(h) + fmt.Errorf("%v", h).Error(); shows(out) {
			t.Errorf("printing a %s shows the secret: %s", name, out)
		}
	}
	s := NewSecret(clear)
	for _, v := range verbs[:8] {
		if got := fmt.Sprintf("%"+v, s); got != redacted {
			t.Errorf("%%%s gives %q, want %q", v, got, redacted)
		}
		if got := fmt.Sprintf("%"+v, Secret{}); got != "" {
			t.Errorf("%%%s of an empty secret gives %q", v, got)
		}
	}
}

func TestSecretMarshals(t *testing.T) {
	for name, h := range holders() {
		var out bytes.Buffer
		b, err := json.Marshal(h)
		fmt.Fprint(&out, string(b), err)
		b, err = xml.Marshal(h)
		fmt.Fprint(&out, string(b), err)
		fmt.Fprint(&out, gob.NewEncoder(&out).Encode(h))
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "h", h)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "h", h)
		fmt.Fprint(&out, template.Must(template.New("").Parse("{{.}}{{printf \"%s\" .}}")).Execute(&out, h))
		if shows(out.String()) {
			t.Errorf("a %s marshals to the secret: %s", name, out.String())
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", NewSecret(clear))
	if !strings.Contains(log.String(), `"secret":"[redacted]"`) {
		t.Errorf("log line %s", log.String())
	}
	if v := NewSecret(clear).LogValue(); v.Kind() != slog.KindString || v.String() != redacted {
		t.Errorf("log value %v", v)
	}
	type element struct{ S Secret }
	if x, err := xml.Marshal(element{NewSecret(clear)}); err != nil || !strings.Contains(string(x), "<S>[redacted]</S>") {
		t.Errorf("XML %s (%v)", x, err)
	}
	b, err := json.Marshal(map[string]Secret{"a": NewSecret(clear), "b": {}})
	if want := `{"a":"[redacted]","b":""}`; err != nil || string(b) != want {
		t.Errorf("JSON %s (%v), want %s", b, err, want)
	}
}

func TestSecret(t *testing.T) {
	s := NewSecret(clear)
	if s.Reveal() != clear || s.Empty() || !s.Equal(NewSecret(clear)) || s.Equal(NewSecret("x")) || s.Equal(Secret{}) {
		t.Error("a secret does not hold what it was given")
	}
	if e := NewSecret(""); e.Reveal() != "" || !e.Empty() || !e.Equal(Secret{}) {
		t.Error("an empty secret is not empty")
	}
	if (Pair{"a", s}).Equal(Pair{"b", s}) || !(Pair{"a", s}).Equal(Pair{"a", NewSecret(clear)}) {
		t.Error("pairs compare wrongly")
	}
}
