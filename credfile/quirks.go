package credfile

// Quirk names a way of writing that AWS's tools read differently. The table
// below says how; docs and messages are made from it.
type Quirk string

// QuirkText is what there is to say about a quirk: what stands in the file,
// what the tools make of it, and how to mend it.
type QuirkText struct {
	What, Tools, Repair string
	// Whole says that the quirk spoils the whole file for at least one tool, so
	// it matters to every profile in it.
	Whole bool
}

// QuirkTexts has one entry for each quirk that File.Diagnostics can report. "The
// strict tools" are the SDKs that follow AWS's cross-SDK rules to the letter
// (Rust, Java, Kotlin). Measured on botocore 1.43, aws-sdk-go-v2/config 1.33,
// the JavaScript v3 loader 4.7.
var QuirkTexts = map[Quirk]QuirkText{
	"bom": {"a byte order mark at the start of the file",
		"the AWS CLI rejects the file, the Go SDK loses its first profile", "save the file as UTF-8 without a byte order mark", true},
	"not-utf8": {"bytes that are not UTF-8",
		"the AWS CLI and the strict tools reject the file, the Go and JavaScript SDKs read on", "save the file as UTF-8", true},
	"lone-cr": {"a carriage return that ends no line",
		"the AWS CLI begins a new line here, no other tool does", "replace it by a line end", true},
	"no-section": {"a setting before the first [profile] header",
		"the AWS CLI and the strict tools reject the file, the others drop the setting", "move it below a header or delete it", true},
	"no-delimiter": {"a line that is no header, setting or comment",
		"the AWS CLI and the strict tools reject the file, the Go and JavaScript SDKs skip the line", "delete it or put # before it", true},
	"no-name": {"a setting without a name",
		"the AWS CLI and the strict tools reject the file", "delete the line", true},
	"colon": {"a : between name and value",
		"the AWS CLI and the Go SDK take it for =, the JavaScript SDK and the strict tools do not", "write = instead", false},
	"header-open": {"a header without its ]",
		"the AWS CLI and the strict tools reject the file; the Go and JavaScript SDKs give what follows to the profile above", "close the header with ]", true},
	"header-tail": {"text after the ] of a header",
		"the AWS CLI takes the header, the Go and JavaScript SDKs do not and give what follows to the profile above", "put # before the text or delete it", true},
	"header-tail-bracket": {"a comment with a ] after a header",
		"the AWS CLI takes all up to the last ] for the name", "move the comment to a line of its own", false},
	"header-hash": {"a # or ; inside the name of a header",
		"the Go SDK cuts the name there", "choose a name without it", false},
	"header-empty": {"a header without a name",
		"the AWS CLI rejects the file", "name the profile or delete the header", true},
	"header-spaces": {"spaces inside the brackets of a header",
		"the Go SDK drops them, the AWS CLI and the JavaScript SDK take them for a part of the name", "write the header without them", false},
	"header-gap": {"more than one space, or a tab, after \"profile\"",
		"most tools accept it, the JavaScript SDK and ini.v1 do not", "write one space", false},
	"header-quotes": {"a quoted name in a header",
		"the AWS CLI and the JavaScript SDK drop the quotes in the config file, the Go SDK keeps them", "write the name without quotes", false},
	"name-space": {"a profile name with a space in it",
		"the AWS CLI and the Go SDK read it, the JavaScript SDK and the strict tools do not", "choose a name without spaces", false},
	"name-chars": {"a character in a profile name that the cross-SDK rules do not allow",
		"the strict tools ignore the profile", "use letters, digits and - _ / . % @ : +", false},
	"prefix-in-credentials": {"a [profile x] header in the credentials file",
		"no tool reads it as profile x", "write [x] here", false},
	"no-prefix-in-config": {"a header without \"profile\" in the config file",
		"no tool reads it as a profile", "write [profile name] here", false},
	"default-caps": {"a section [DEFAULT] in capitals",
		"the AWS CLI lends its settings to every profile, no other tool does", "write [default], or give each profile its own settings", true},
	"twice-section": {"a second section of the same name",
		"the AWS CLI rejects the file, the others merge the two", "join the two sections", true},
	"twice-default": {"both [default] and [profile default]",
		"the Go SDK prefers [profile default], the AWS CLI the later one", "keep one of them", false},
	"twice-setting": {"the same setting twice in a section",
		"the AWS CLI rejects the file; of the others most take the later, the JavaScript SDK tells names apart by case", "delete one of the two", true},
	"inline-comment": {"a comment after a value",
		"the AWS CLI takes it for a part of the value, the other tools cut it off", "move the comment to a line of its own", false},
	"value-comment": {"a value that begins with # or ;",
		"the AWS CLI takes it for the value, the others for a comment", "write the value, or delete the line", false},
	"value-quotes": {"a value in quotes",
		"the Go SDK drops the quotes, the other tools take them for a part of the value", "write the value without quotes", false},
	"lone-quote": {"a value that is one quote mark",
		"the Go SDK panics and reads no profile at all", "delete the quote mark", true},
	"value-space": {"an unusual space around a value",
		"the strict tools take it for a part of the value", "delete it", false},
	"indented-setting": {"a setting indented more than the one above",
		"the AWS CLI and the strict tools join the line to the value above, the Go and JavaScript SDKs read a setting", "remove the spaces at the start of the line", false},
	"indented-header": {"a header indented more than the setting above it",
		"the AWS CLI and the strict tools join it to the value above, the Go and JavaScript SDKs read a header", "remove the spaces at the start of the line", true},
	"indented": {"an indented setting or header",
		"the strict tools reject the file or join the line to the one above", "remove the spaces at the start of the line", false},
	"indented-comment": {"an indented comment below a setting",
		"the strict tools take it for a part of the value above", "remove the spaces at the start of the line", false},
	"continuation": {"a value that goes on in the next line",
		"the AWS CLI, the Go SDK and the strict tools join the two, the JavaScript SDK drops the second", "write the value in one line", false},
	"nested-bad": {"an indented line without = below a setting without a value",
		"the AWS CLI and the strict tools reject the file", "delete the line or give it a =", true},
	"nested-key": {"a setting for a key, indented below another setting",
		"AWS's tools do not take it for the profile's key, some other tools do", "remove the spaces at the start of the line, or delete it", false},
	"caps": {"capitals in the name of a setting",
		"the JavaScript SDK does not find it", "write the name in lower case", false},
	"name-quotes": {"a quote mark in the name of a setting",
		"no two tools agree about it", "write the name without quotes", false},
	"backtick": {"a backtick in front of a value",
		"AWS's tools keep it; tools built on ini.v1 read on to the next one", "delete the backtick", false},
	"old-token": {"the setting aws_security_token",
		"the AWS CLI reads it before aws_session_token, no other tool reads it", "write aws_session_token", false},
}
