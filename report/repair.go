package report

// Repair is how to mend a finding: what to do, in words without a full stop, and
// the command line that does it, quoted for the system that was audited. Either
// may be empty.
type Repair struct {
	Text    string `json:"text"`
	Command string `json:"command"`
}

// String is the repair in one line.
func (r Repair) String() string {
	if r.Text == "" || r.Command == "" {
		return r.Text + r.Command
	}
	return r.Text + ": " + r.Command
}

func do(command string) Repair { return Repair{Command: command} }

func say(text string) Repair { return Repair{Text: text} }
