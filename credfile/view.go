package credfile

// view is one file as one tool reads it: sections with their settings, names
// and values as that tool makes them of the text.
type view struct {
	refused *Refusal // the tool rejects the whole file
	order   []string // section names in order of first appearance
	byName  map[string]*group
}

// Refusal says why a tool rejects a whole file.
type Refusal struct {
	Line int // counted from 1; 0 where the whole file is meant
	Why  string
}

// group is a section of a view. A tool that merges repeated sections has one
// group for all of them.
type group struct {
	settings []setting
	index    map[string]int // only for large groups
}

// setting is one name with its value. Value is the tool's answer; nested is set
// where the tool reads indented lines below as sub-properties instead.
type setting struct {
	name, value string
	nested      bool
	line        int // counted from 1
}

func newView(sections int) *view {
	return &view{order: make([]string, 0, sections), byName: make(map[string]*group, sections)}
}

// section returns the group of that name, made if it is new.
func (v *view) section(name string) (g *group, isNew bool) {
	if g, ok := v.byName[name]; ok {
		return g, false
	}
	g = &group{}
	v.byName[name] = g
	v.order = append(v.order, name)
	return g, true
}

// indexFrom is the size from which a group keeps an index: below it a loop is
// faster, above it one would make a hostile file quadratic.
const indexFrom = 24

func (g *group) find(name string) *setting {
	if g == nil {
		return nil
	}
	if g.index != nil {
		if i, ok := g.index[name]; ok {
			return &g.settings[i]
		}
		return nil
	}
	for i := range g.settings {
		if g.settings[i].name == name {
			return &g.settings[i]
		}
	}
	return nil
}

// set replaces the setting of that name or adds it, and reports which.
func (g *group) set(s setting) (replaced bool) {
	if old := g.find(s.name); old != nil {
		*old = s
		return true
	}
	g.settings = append(g.settings, s)
	switch {
	case g.index != nil:
		g.index[s.name] = len(g.settings) - 1
	case len(g.settings) == indexFrom:
		g.index = make(map[string]int, 2*indexFrom)
		for i, s := range g.settings {
			g.index[s.name] = i
		}
	}
	return false
}

// value returns the plain value of name; ok is false where it is absent or
// nested.
func (g *group) value(name string) (value string, ok bool) {
	s := g.find(name)
	if s == nil || s.nested {
		return "", false
	}
	return s.value, true
}
