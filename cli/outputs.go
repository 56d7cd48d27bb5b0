package cli

import (
	"bytes"
	"cmp"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/report"
	"keycare/report/format"
)

// output is one form of a report, and the file for it; an empty file is standard
// output.
type output struct{ format, file string }

// outputFlags are those of the commands that write reports.
func outputFlags() []cli.Flag {
	return []cli.Flag{
		choice("format", format.Names()[0], "`FORMAT` of the report", format.Names()...),
		&cli.StringFlag{Name: "output", Usage: "write the report to `FILE` instead of standard output"},
		&cli.StringSliceFlag{Name: "save", Aliases: []string{"o"}, Usage: "write the report to a file too, as `FORMAT=FILE`; can be given more than once",
			Action: func(_ *cli.Context, all []string) error {
				for _, v := range all {
					if _, err := outputOf(v); err != nil {
						return usagef("--save: %w", err)
					}
				}
				return nil
			}},
	}
}

// outputOf reads FORMAT=FILE.
func outputOf(v string) (output, error) {
	name, file, ok := strings.Cut(v, "=")
	if !ok || file == "" {
		return output{}, usagef("%q: write FORMAT=FILE, for example json=report.json", v)
	}
	return output{name, file}, oneOf("format", name, format.Names())
}

// outputsOf are those that the flags ask for. The first is that of --format. What
// cannot be written is told before AWS is asked.
func outputsOf(e *env, c *cli.Context) ([]output, error) {
	all := []output{{c.String("format"), c.String("output")}}
	for _, v := range c.StringSlice("save") {
		o, err := outputOf(v)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	seen := map[string]bool{}
	for _, o := range all {
		if o.file == "" {
			continue
		}
		path, into, err := placeOf(e, o.file)
		if err != nil {
			return nil, usageError{err}
		}
		if seen[path] && !into {
			return nil, usagef("%s is to hold two reports: give each a file of its own", o.file)
		}
		seen[path] = true
	}
	return all, nil
}

// writeReports renders first and writes then, so that a failure leaves no half
// report.
func writeReports(e *env, reports []*report.Report, outputs []output, look format.Options) error {
	look.Home, look.Now = e.Folders.Home, e.Now()
	look.Zone = look.Now.Location()
	look.Region = cmp.Or(e.Vars.Get("AWS_REGION"), e.Vars.Get("AWS_DEFAULT_REGION"))
	texts := make([]bytes.Buffer, len(outputs))
	for i, o := range outputs {
		look := look
		if o.file == "" {
			look.Width, look.Color = e.Terminal.Width, e.Terminal.Color
		}
		if err := format.WriteAll(&texts[i], o.format, reports, look); err != nil {
			return err
		}
	}
	for i, o := range outputs {
		if o.file == "" {
			if _, err := e.Out.Write(texts[i].Bytes()); err != nil {
				return err
			}
		} else if err := writeReport(e, o, texts[i].Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// pageOf is the page among the outputs, or else one more: in the state folder,
// where the next one takes its place.
func pageOf(e *env, outputs []output) (string, []output, error) {
	for _, o := range outputs {
		if o.format == "html" && o.file != "" {
			return o.file, outputs, nil
		}
	}
	folder, err := e.State()
	if err != nil {
		return "", nil, err
	}
	if h := e.Host(); h != nil {
		return "", nil, usagef("--open: nothing is written in the home of user %s: say where, for example -o html=report.html", h.name)
	}
	if err := folder.Init(); err != nil {
		return "", nil, err
	}
	page := filepath.Join(folder.Dir, "report.html")
	return page, append(outputs, output{"html", page}), nil
}

// openPage opens a file in the browser. Where that cannot be, its name is enough.
func openPage(e *env, page string) {
	argv := []string{"xdg-open"}
	switch e.Vars.GOOS {
	case "darwin":
		argv = []string{"/usr/bin/open"}
	case "windows":
		argv = []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	if path, err := filepath.Abs(page); err == nil {
		page = path
	}
	if err := exec.Command(argv[0], append(argv[1:], page)...).Start(); err != nil {
		e.say("cannot open a browser here; the report is in %s", page)
	}
}
