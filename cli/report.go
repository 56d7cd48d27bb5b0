package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile/show"
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
	outputs, err := outputsOf(e, c)
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
	var faults []error
	var leftOut []string
	for _, path := range paths {
		some, err := readReports(e, c.Context, path)
		if c.Context.Err() != nil {
			return c.Context.Err()
		}
		if err != nil {
			faults, leftOut = append(faults, err), append(leftOut, path)
		}
		all = append(all, some...)
	}
	if len(faults) == len(paths) {
		return toldOf(faults)
	}
	if len(all) > 1 {
		all = report.Merge(all, e.Now())
	}
	if err := writeReports(e, all, outputs, format.Options{LeftOut: leftOut}); err != nil {
		return err
	}
	if len(faults) > 0 { // one broken file of a laptop hides no other
		return fmt.Errorf("%d of %s left out:\n  %s", len(faults), show.Count(len(paths), "file"), strings.ReplaceAll(toldOf(faults).Error(), "\n", "\n  "))
	}
	return nil
}

// mostFaults is how many files a message names.
const mostFaults = 10

// toldOf is the first of many errors, and how many more there are.
func toldOf(faults []error) error {
	if rest := len(faults) - mostFaults; rest > 0 {
		faults = append(slices.Clone(faults[:mostFaults]), fmt.Errorf("%d more", rest))
	}
	return errors.Join(faults...)
}

func readReports(e *env, ctx context.Context, path string) ([]*report.Report, error) {
	if _, err := e.Disk.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no report %s: create one with: keycare audit --format json --output FILE", path)
	}
	b, err := e.readGiven(ctx, path)
	if err != nil {
		return nil, err
	}
	all, err := report.ReadAll(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}
