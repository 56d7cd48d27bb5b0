package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/report"
	"keycare/report/format"
)

func reportCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "report",
		Category:  "Look",
		Usage:     "render or merge reports of earlier audits",
		ArgsUsage: "[FILE]...",
		Description: "Reads reports that \"keycare audit --format json\" or the timer wrote, of this\n" +
			"machine or of many, and writes them in another form. Of several reports of one user\n" +
			"on one machine it shows the latest, and what has changed since the one before.\n" +
			"Without a FILE it is the last report of the timer. Makes no network call.",
		Flags: outputFlags(),
		UsageText: usage.Examples(
			"keycare report report.json", "as a table",
			"keycare report monday.json today.json", "what has changed",
			"keycare report laptops/*.json --format csv", "of many machines"),
		Action: action(e, runReport),
	}
}

func runReport(e *env, c *cli.Context) error {
	outputs, err := outputsOf(c)
	if err != nil {
		return err
	}
	paths := c.Args().Slice()
	if len(paths) == 0 {
		folder, err := e.State()
		if err != nil {
			return err
		}
		if _, err := e.Disk.Stat(folder.ReportPath()); errors.Is(err, fs.ErrNotExist) {
			return errors.New("the timer has kept no report yet: name the files to read, for example: keycare report report.json")
		}
		paths = []string{folder.ReportPath()}
	}
	var all []*report.Report
	for _, path := range paths {
		some, err := readReports(e, path)
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	if len(all) > 1 {
		all = report.Merge(all)
	}
	return writeReports(e, all, outputs, format.Options{})
}

func readReports(e *env, path string) ([]*report.Report, error) {
	b, err := e.Disk.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no report %s: create one with: keycare audit --format json --output FILE", path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the report: %w", err)
	}
	all, err := report.ReadAll(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}
