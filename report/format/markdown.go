package format

import (
	"fmt"
	"io"
	"strings"
	"time"

	"keycare/credfile/show"
	"keycare/report"
)

// writeMarkdown writes the report as a page, for an issue or a wiki.
func writeMarkdown(w io.Writer, r *report.Report, _ Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, %s\n\n%s.\n", markdownOf(view{r, Options{}}.title()), r.Time.Format(time.DateOnly), markdownOf(Summary(r)))
	for _, s := range report.Severities {
		if r.Counts.Of(s) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n| rule | what | where | repair |\n|---|---|---|---|\n", show.Sentence(s.String()))
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Severity != s {
				continue
			}
			where := f.File
			if f.Line > 0 {
				where = fmt.Sprintf("%s:%d", f.File, f.Line)
			}
			mend := repairLine(markdownOf(f.Repair.Text), strings.NewReplacer("`", "'", "|", "\\|").Replace(show.Flow(f.Repair.Command)))
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Rule, markdownOf(f.What), markdownOf(where), mend)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// repairLine is a repair with its command as code.
func repairLine(says, command string) string {
	if command == "" {
		return says
	}
	if says != "" {
		says += ": "
	}
	return says + "`" + command + "`"
}

// markdownOf keeps a text of the files from being taken for Markdown or HTML.
func markdownOf(s string) string {
	return markdownText.Replace(show.Flow(s))
}

var markdownText = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "&", "&amp;",
	"`", "\\`", "*", "\\*", "[", "\\[", "]", "\\]", "_", "\\_")
