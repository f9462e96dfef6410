"""`holdfast completion`: scripts with which shells complete command lines, made from the parser.

A script knows all commands and options, so that a press of Tab starts no Python.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator

from holdfast.cli.arguments import command_line
from holdfast.cli.parser import Parser
from holdfast.dataclass import dataclass

_FILES = ("FILE", "PATH", "SCRIPT")
_FOLDERS = "DIR"


@dataclass(frozen=True, slots=True)
class _Argument:
    """An option, or an argument that has no names."""

    names: tuple[str, ...]
    value: str  # what it takes, in capitals; empty for an option that takes nothing
    choices: tuple[str, ...]
    meaning: str
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class _Command:
    """A command with its arguments, or one that has commands of its own."""

    path: tuple[str, ...]
    arguments: tuple[_Argument, ...]
    commands: tuple[tuple[str, str], ...]  # their names and meanings

    @property
    def options(self) -> list[_Argument]:
        """Those of the arguments that have names."""
        return [argument for argument in self.arguments if argument.names]


def completion(options: argparse.Namespace) -> int:
    """Print the script for a shell."""
    print(SHELLS[options.shell](list(_commands(command_line(), ()))), end="")
    return 0


def _commands(parser: Parser, path: tuple[str, ...]) -> Iterator[_Command]:
    """A command and all below it."""
    arguments, below = parser.described()
    summaries = tuple((name, _plain(command.summary)) for name, command in below.items())
    yield _Command(path, tuple(map(_argument, arguments)), summaries)
    for name, command in below.items():
        yield from _commands(command, (*path, name))


def _argument(action: argparse.Action) -> _Argument:
    takes_value = action.nargs != 0
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return _Argument(
        tuple(action.option_strings),
        value if takes_value else "",
        tuple(action.choices or ()),
        _plain(action.help or ""),
        isinstance(action.default, list),
    )


def _plain(text: str) -> str:
    """The meaning alone: without what follows it, and without what shells would expand."""
    return re.split(r"; |: | \(", text.replace("`", ""))[0]


def _bash(commands: list[_Command]) -> str:
    options = {option for command in commands for option in command.options}
    return f"""\
# Completes `holdfast` in bash: eval "$(holdfast completion bash)"
_holdfast() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command= i
    [[ $word == = ]] && word=
    [[ $before == = ]] && before=${{COMP_WORDS[COMP_CWORD - 2]}}
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$command ${{COMP_WORDS[i]}}" in
            {"|".join(_quoted(" " + " ".join(command.path)) for command in commands[1:])})
                command+=" ${{COMP_WORDS[i]}}" ;;
        esac
    done
    COMPREPLY=()
    case "$before" in
        {_bash_cases(options, lambda option: option.value == _FOLDERS)}
            COMPREPLY=($(compgen -d -- "$word")); return ;;
{_bash_choices(options)}        {_bash_cases(options, lambda option: bool(option.value))}
            return ;; # what readline completes: names of files
    esac
    case "$command" in
{"".join(map(_bash_words, commands))}    esac
}}
complete -o bashdefault -o default -F _holdfast holdfast
"""


def _bash_cases(options: Iterable[_Argument], chosen: Callable[[_Argument], bool]) -> str:
    names = {name for option in options if chosen(option) for name in option.names}
    return "|".join(sorted(names)) + ")"


def _bash_choices(options: Iterable[_Argument]) -> str:
    return "".join(
        f"""        {"|".join(option.names)})
            COMPREPLY=($(compgen -W {_quoted(" ".join(option.choices))} -- "$word")); return ;;
"""
        for option in sorted(options, key=lambda option: option.names)
        if option.choices
    )


def _bash_words(command: _Command) -> str:
    names = [name for name, _ in command.commands]
    choices = [word for one in command.arguments if not one.names for word in one.choices]
    options = [name for option in command.options for name in option.names]
    path = _quoted("".join(f" {name}" for name in command.path))
    words = _quoted(" ".join([*names, *choices, *options]))
    takes_files = any(one.value in _FILES for one in command.arguments if not one.names)
    only_options = "[[ $word == -* ]] && " if takes_files else ""
    return f"""        {path}) {only_options}COMPREPLY=($(compgen -W {words} -- "$word")) ;;
"""


def _zsh(commands: list[_Command]) -> str:
    functions = "\n".join(map(_zsh_function, commands))
    return f"""\
#compdef holdfast
# Completes `holdfast` in zsh: a file _holdfast in a folder of $fpath, or
# eval "$(holdfast completion zsh)" after compinit.
{functions}
if [[ $funcstack[1] == _holdfast ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
"""


def _zsh_function(command: _Command) -> str:
    name = "_".join(("_holdfast", *command.path))
    if not command.commands:
        given = " \\\n        ".join(map(_zsh_argument, command.arguments))
        return f"{name}() {{\n    _arguments -S \\\n        {given}\n}}\n"
    listed = "\n            ".join(
        _quoted(f"{one}:{meaning.replace(':', chr(92) + ':')}") for one, meaning in command.commands
    )
    options = " ".join(map(_zsh_argument, command.options))
    return f"""\
{name}() {{
    local context curcontext="$curcontext" state line
    typeset -A opt_args
    _arguments -C {options} '1: :->command' '*:: :->arguments'
    case $state in
        command)
            local -a commands=(
            {listed}
            )
            _describe command commands ;;
        arguments)
            (( $+functions[{name}_$line[1]] )) && {name}_$line[1] ;;
    esac
}}
"""


def _zsh_argument(argument: _Argument) -> str:
    if argument.choices:
        action = f"({' '.join(argument.choices)})"
    elif argument.value == _FOLDERS:
        action = "_files -/"
    else:
        action = "_files" if argument.value in _FILES else " "
    value = argument.value.replace("[", "(").replace("]", ")").replace(":", "\\:")
    if not argument.names:
        return _quoted(f"::{value}:{action}")
    meaning = re.sub(r"([\[\]:\\])", r"\\\1", argument.meaning)
    equals, takes = ("=", f":{value}:{action}") if argument.value else ("", "")
    many = "*" if argument.is_repeated else f"({' '.join(argument.names)})"
    return " ".join(
        _quoted(f"{many}{name}{equals if name.startswith('--') else ''}[{meaning}]{takes}")
        for name in argument.names
    )


def _fish(commands: list[_Command]) -> str:
    known = " ".join(_quoted(" ".join(command.path)) for command in commands[1:])
    lines = "\n".join(line for command in commands for line in _fish_lines(command))
    return f"""\
# Completes `holdfast` in fish: ~/.config/fish/completions/holdfast.fish
function __holdfast_at
    set -l command
    for word in (commandline -opc)[2..-1]
        set -l longer (string trim -- "$command $word")
        contains -- $longer {known}; and set command $longer
    end
    test "$command" = "$argv"
end
complete -c holdfast -f
{lines}
"""


def _fish_lines(command: _Command) -> Iterator[str]:
    start = f'complete -c holdfast -n "__holdfast_at {" ".join(command.path)}"'
    for name, meaning in command.commands:
        yield f"{start} -a {name} -d {_quoted(meaning)}"
    for argument in command.arguments:
        if not argument.names:
            if argument.value in _FILES:
                yield f"{start} -F"
            elif argument.choices:
                yield f"{start} -a {_quoted(' '.join(argument.choices))}"
            continue
        names = " ".join(
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
            for name in argument.names
        )
        yield f"{start} {names}{_fish_value(argument)} -d {_quoted(argument.meaning)}"


def _fish_value(argument: _Argument) -> str:
    if argument.choices:
        return f" -x -a {_quoted(' '.join(argument.choices))}"
    if argument.value == _FOLDERS:
        return " -x -a '(__fish_complete_directories)'"
    return " -r -F" if argument.value in _FILES else " -x" if argument.value else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


SHELLS: dict[str, Callable[[list[_Command]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
