package cli

import (
	"cmp"
	"os/user"
	"runtime"
	"strconv"

	"keycare/credfile/home"
	"keycare/report"
	"keycare/rotate/state"
)

// origin says where a report of this run comes from. In another user's home it is
// about that user.
func origin(e *env) report.Origin {
	m := home.ReadMachine()
	o := report.Origin{
		Host: report.Host{Name: m.Name, ID: m.ID, OS: e.Vars.GOOS, Arch: runtime.GOARCH},
		Tool: report.Tool{Name: "keycare", Version: version()},
		Run:  state.NewID(),
	}
	if h := e.Host(); h != nil {
		o.User = report.User{Name: h.name, UID: strconv.Itoa(h.uid)}
	} else if u, err := user.Current(); err == nil {
		o.User = report.User{Name: u.Username, UID: u.Uid}
	} else {
		o.User.Name = cmp.Or(e.Vars.Get("USER"), e.Vars.Get("USERNAME"))
	}
	return o
}
