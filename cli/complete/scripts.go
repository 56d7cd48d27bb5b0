package complete

// scripts are one for each shell. None of them evaluates what stands in the
// command line or what keycare prints.
var scripts = []struct{ shell, script string }{
	{"bash", bashScript},
	{"zsh", zshScript},
	{"fish", fishScript},
	{"powershell", powershellScript},
}

// Shells are those that have a script.
func Shells() (names []string) {
	for _, s := range scripts {
		names = append(names, s.shell)
	}
	return names
}

// Script is the script of a shell; empty for one that is not among Shells.
func Script(shell string) string {
	for _, s := range scripts {
		if s.shell == shell {
			return s.script
		}
	}
	return ""
}

// bashScript works with bash 3.2, which macOS has, without the package
// bash-completion.
const bashScript = `# bash completion for keycare. Put into ~/.bashrc: eval "$(keycare completion bash)"

_keycare() {
  local rest=${COMP_LINE:0:COMP_POINT} words=() i blank word line
  COMPREPLY=()
  # bash takes words apart at = : and @; what has no space between it belongs
  # together. The last word ends at the cursor.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blank=${rest%%[![:space:]]*}
    rest=${rest#"$blank"}
    word=${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || word=$rest
    if ((i > 0)) && [[ -z $blank ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    rest=${rest#"$word"}
  done
  while IFS= read -r line; do
    if [[ $line == $'\t'* ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("$2$line")
    fi
  done < <(command keycare "${words[@]:1}" ` + BashWords + ` 2>/dev/null)
}

if type compopt >/dev/null 2>&1; then
  complete -F _keycare keycare
else
  complete -o default -F _keycare keycare
fi
`

const zshScript = `#compdef keycare
# zsh completion for keycare. Put into ~/.zshrc, below compinit:
# source <(keycare completion zsh)

_keycare() {
  local line about
  local -a found
  for line in "${(@f)$(command keycare "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" ` + PlainWords + ` 2>/dev/null)}"; do
    case $line in
      '') ;;
      $'\t'*)
        [[ $PREFIX == --*=* ]] && compset -P '*='
        _files
        return
        ;;
      *)
        about=${line#*$'\t'}
        found+=("${${${line%%$'\t'*}//\\/\\\\}//:/\\:}${about:+:$about}")
        ;;
    esac
  done
  _describe -V keycare found
}

if [[ $funcstack[1] == _keycare ]]; then
  _keycare "$@"
elif (( $+functions[compdef] )); then
  compdef _keycare keycare
else
  print -u2 'keycare: run "autoload -Uz compinit; compinit" first'
fi
`

const fishScript = `# fish completion for keycare. Put into ~/.config/fish/config.fish:
# keycare completion fish | source

function __keycare_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (command keycare $words[2..-1] (string unescape -- $current; or echo -- $current) ` + PlainWords + ` 2>/dev/null)
    if string match -q -- \t'*' "$found[1]"
        set -l flag (string match -r -- '^--[^=]*=' $current)
        for file in (__fish_complete_path (string replace -- "$flag" '' $current))
            echo -- "$flag$file"
        end
        return
    end
    printf '%s\n' $found
end

complete -c keycare -f -a '(__keycare_complete)'
`

const powershellScript = `# PowerShell completion for keycare. Put into $PROFILE:
# keycare completion powershell | Out-String | iex

Register-ArgumentCompleter -Native -CommandName 'keycare', 'keycare.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($null -ne $_.Value) { "$($_.Value)" } else { $_.Extent.Text } })
    $word = $wordToComplete.Trim([char[]]@(39, 34))
    $before = [Console]::OutputEncoding
    try {
        [Console]::OutputEncoding = [System.Text.UTF8Encoding]::new()
        $lines = @(& keycare @words ".$word" '` + PowershellWords + `' 2>$null)
    }
    finally {
        [Console]::OutputEncoding = $before
    }
    foreach ($line in $lines) {
        $value, $about = $line.Split([char]9)
        if (-not $value) { return }
        $text = $value
        if ($text -notmatch '^[A-Za-z0-9_./:+=-]+$') {
            $text = "'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($value) + "'"
        }
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', "$about")
    }
}
`
