package copies

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"keycare/credfile"
	"keycare/credfile/sorting"
)

// Tier says whose a key is. The lower, the more it is the user's matter.
type Tier int

// The tiers.
const (
	OwnCurrent Tier = 1 + iota // a profile has the key
	OwnPast                    // a rotation took it out of use
	OwnAccount                 // a key of an account that a profile's key belongs to
	WithSecret                 // another key, and what may be its secret
	IDOnly                     // the ID of another key
	Bait                       // planted: any use of it raises an alarm
)

// Copy is a key in one place: a file, a file in an archive, an object of a Git
// repository.
type Copy struct {
	KeyID string // empty for an API key for Amazon Bedrock
	// API is the name of such a key, and Account the account in it.
	API, Account string
	Tier         Tier
	Key          int    // index into the matcher's keys; -1 for another key
	Path         string // of the file; of a Git repository its folder
	Inner        string // name in the archive; in a repository that of the file, or the object
	Git          bool   // in the objects of a repository
	Line         int    // of the first hit; 0 in what has no lines
	Parts        Part
	Forms        []Form // but plain
	Near         bool   // what may be the secret is near an ID
	Count        int
	Place        Place
	// Pushed says that a remote-tracking branch of the repository has it.
	Pushed bool
	// Exposed says that other users of this machine can read the file.
	Exposed bool

	off int64 // of the first hit
}

// Whole reports whether the place gives the secret away, as far as can be seen.
func (c *Copy) Whole() bool { return c.Parts&Secret != 0 || c.Near }

// Reason is why something was not looked at.
type Reason string

// The reasons.
const (
	NoPermission Reason = "no permission"
	Failed       Reason = "could not be read"
	OtherDisk    Reason = "on another file system"
	Links        Reason = "symbolic links"
	Special      Reason = "pipes, sockets and devices"
	InCloud      Reason = "in the cloud only"
	Caches       Reason = "package and browser caches"
	Media        Reason = "pictures, films and music above 1 MB"
	BigArchive   Reason = "archives that are too large"
	FarArchive   Reason = "archives above 16 MB outside of Downloads, Desktop and Documents"
	OddArchive   Reason = "archives of other kinds (7z, rar, xz, zstd, deb)"
	PDFText      Reason = "the text in PDF files, which is compressed"
	BadArchive   Reason = "damaged archives"
	Encrypted    Reason = "encrypted files in archives"
	DeepArchive  Reason = "archives in archives, more than three deep"
	CutArchive   Reason = "files in archives beyond the limits"
	NoHistory    Reason = "Git repositories"
	GitFailed    Reason = "Git repositories that could not be read"
	GitMissing   Reason = "Git repositories with missing objects"
	Consent      Reason = "folders for which macOS asks consent (a scan by hand looks into them)"
	NoTime       Reason = "what there was no time for"
	GitPacks     Reason = "packs of Git repositories, for there is no git on this machine"
)

// Skip is what was not looked at for one reason.
type Skip struct {
	Reason Reason
	Count  int
	Paths  []string // some of them
}

// Result is what a scan found.
type Result struct {
	Copies  []Copy
	Files   int64
	Objects int64 // of Git repositories
	Bytes   int64
	Skipped []Skip
}

// Counter counts what was looked at while a scan runs.
type Counter struct{ Files, Objects, Bytes, Found atomic.Int64 }

// Collector gathers what several goroutines find.
type Collector struct {
	m        *Matcher
	accounts []string
	count    *Counter
	mu       sync.Mutex
	copies   []Copy
	skipped  map[Reason]*Skip
}

// NewCollector returns one for the matcher's keys. Keys of accounts are the user's.
func NewCollector(m *Matcher, accounts []string, count *Counter) *Collector {
	if count == nil {
		count = new(Counter)
	}
	return &Collector{m: m, accounts: accounts, count: count, skipped: make(map[Reason]*Skip)}
}

// Matcher is the one that the collector was made with.
func (c *Collector) Matcher() *Matcher { return c.m }

// Accounts are the accounts whose keys count as the user's.
func (c *Collector) Accounts() []string { return c.accounts }

// Count is where is counted.
func (c *Collector) Count() *Counter { return c.count }

// mostPaths bounds the paths that are named for a reason.
const mostPaths = 5

// Skip notes that a path was not looked at.
func (c *Collector) Skip(r Reason, path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.skipped[r]
	if s == nil {
		s = &Skip{Reason: r}
		c.skipped[r] = s
	}
	s.Count++
	if len(s.Paths) < mostPaths {
		s.Paths = append(s.Paths, path)
	}
}

// Add keeps the copies of one place.
func (c *Collector) Add(all ...Copy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copies = append(c.copies, all...)
	c.count.Found.Add(int64(len(all)))
}

// Result is what was gathered, in an order that does not depend on which goroutine
// was first.
func (c *Collector) Result() Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Result{Copies: slices.Clone(c.copies), Files: c.count.Files.Load(), Objects: c.count.Objects.Load(), Bytes: c.count.Bytes.Load()}
	sortCopies(r.Copies)
	clean := c.redactor()
	for i := range r.Copies {
		r.Copies[i].Path, r.Copies[i].Inner = clean.Replace(r.Copies[i].Path), clean.Replace(r.Copies[i].Inner)
	}
	for _, s := range c.skipped {
		one := Skip{Reason: s.Reason, Count: s.Count}
		for _, p := range s.Paths {
			one.Paths = append(one.Paths, clean.Replace(p))
		}
		slices.Sort(one.Paths)
		r.Skipped = append(r.Skipped, one)
	}
	sorting.By(r.Skipped, func(a, b Skip) int { return strings.Compare(string(a.Reason), string(b.Reason)) })
	return r
}

func sortCopies(all []Copy) {
	sorting.By(all, func(a, b Copy) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), strings.Compare(a.KeyID, b.KeyID), strings.Compare(a.API, b.API), strings.Compare(a.Path, b.Path),
			strings.Compare(a.Inner, b.Inner), cmp.Compare(a.Line, b.Line))
	})
}

// CutShort makes it the result of a scan that had no time for some of what is below the
// root, and adds what an earlier one found there.
func (r *Result) CutShort(root string, earlier []Copy) {
	r.Copies = append(r.Copies, earlier...)
	sortCopies(r.Copies)
	r.Skipped = append(r.Skipped, Skip{NoTime, 1, []string{root}})
}

// redactor takes the user's secrets out of the names of files.
func (c *Collector) redactor() *strings.Replacer {
	var pairs []string
	for _, k := range c.m.keys {
		if len(k.Secret.Reveal()) >= leastSecret {
			pairs = append(pairs, k.Secret.Reveal(), k.Secret.String())
		}
	}
	return strings.NewReplacer(pairs...)
}

// tierOf is that of a key, which is one of keys or, with the index -1, another.
func tierOf(id string, index int, keys []Key, accounts []string, near bool) Tier {
	if index >= 0 {
		if keys[index].State == Current {
			return OwnCurrent
		}
		return OwnPast
	}
	f := credfile.FactsOf(id)
	switch {
	case f.Canary:
		return Bait
	case f.Account != "" && slices.Contains(accounts, f.Account):
		return OwnAccount
	case near:
		return WithSecret
	}
	return IDOnly
}

// apiTier is that of an API key, which is a secret in itself.
func apiTier(account string, accounts []string) Tier {
	if slices.Contains(accounts, account) {
		return OwnAccount
	}
	return WithSecret
}

// Gather joins the hits of one place to one copy for each key.
type Gather struct {
	c      *Collector
	copies []Copy
	at     map[string]int  // by key ID
	tiers  map[string]Tier // of other keys' IDs without a secret
}

// NewGather returns an empty one.
func (c *Collector) NewGather() *Gather { return &Gather{c: c, tiers: make(map[string]Tier)} }

// mostKeys bounds the keys that are told of one place: a list of IDs is one finding
// for a person, not a million.
const mostKeys = 1000

// Hit takes one hit.
func (g *Gather) Hit(h Hit) {
	id := h.ID
	if h.Key >= 0 {
		id = g.c.m.keys[h.Key].ID
	}
	one := Copy{KeyID: id, Key: h.Key, Line: h.Line, Tier: Bait, off: h.Off}
	if h.API != nil {
		id, one.API, one.Account = h.API.Name, h.API.Name, h.API.Account
	}
	i, ok := g.at[id]
	if !ok {
		if len(g.copies) >= mostKeys && h.Key < 0 {
			return
		}
		if g.at == nil {
			g.at = make(map[string]int)
		}
		i = len(g.copies)
		g.at[id] = i
		g.copies = append(g.copies, one)
	}
	c := &g.copies[i]
	if c.API != "" {
		c.Tier = apiTier(c.Account, g.c.accounts)
	} else {
		c.Tier = min(c.Tier, g.tier(id, h))
	}
	if h.Off < c.off {
		c.Line, c.off = h.Line, h.Off
	}
	c.Parts |= h.Part
	c.Near = c.Near || h.Near
	c.Count++
	if h.Form != Plain && !slices.Contains(c.Forms, h.Form) {
		c.Forms = append(c.Forms, h.Form)
		slices.Sort(c.Forms)
	}
}

// tier is that of a hit. A history has the same IDs over and over.
func (g *Gather) tier(id string, h Hit) Tier {
	if h.Key >= 0 {
		return tierOf(id, h.Key, g.c.m.keys, g.c.accounts, h.Near)
	}
	t, ok := g.tiers[id]
	if !ok {
		if len(g.tiers) >= mostJudged {
			clear(g.tiers)
		}
		t = tierOf(id, -1, nil, g.c.accounts, false)
		g.tiers[id] = t
	}
	if t == IDOnly && h.Near {
		return WithSecret
	}
	return t
}

// noLines forgets the lines.
func (g *Gather) noLines() {
	for i := range g.copies {
		g.copies[i].Line = 0
	}
}

// Found reports whether there were hits.
func (g *Gather) Found() bool { return len(g.copies) > 0 }

// Take hands the copies over, each first to the function, and begins anew.
func (g *Gather) Take(finish func(*Copy)) []Copy {
	all := g.copies
	for i := range all {
		finish(&all[i])
	}
	g.copies, g.at = nil, nil
	return all
}
