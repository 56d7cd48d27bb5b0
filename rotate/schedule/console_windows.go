package schedule

import (
	"strings"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32              = windows.NewLazySystemDLL("kernel32.dll")
	getConsoleProcessList = kernel32.NewProc("GetConsoleProcessList")
	freeConsole           = kernel32.NewProc("FreeConsole")
	getOEMCP              = kernel32.NewProc("GetOEMCP")
)

// DropConsole closes the window that Windows opened for a program of a task. A
// window that others share, as one in which the program was typed, stays. After
// that nothing can be written to standard output.
func DropConsole() {
	var ids [2]uint32
	n, _, _ := getConsoleProcessList.Call(uintptr(unsafe.Pointer(&ids[0])), uintptr(len(ids)))
	if n == 1 {
		_, _, _ = freeConsole.Call()
	}
}

// fromConsole decodes what a program wrote into a pipe: in the code page of the
// console, or, without one, of the system.
func fromConsole(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	page, err := windows.GetConsoleOutputCP()
	if err != nil || page == 0 {
		oem, _, _ := getOEMCP.Call()
		page = uint32(oem)
	}
	units := make([]uint16, len(b)) // no code page has more units than bytes
	n, err := windows.MultiByteToWideChar(page, 0, &b[0], int32(len(b)), &units[0], int32(len(units)))
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return string(utf16.Decode(units[:n]))
}
