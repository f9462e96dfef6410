"""What a project sets of the plugin, in its pytest configuration or for one run."""

import pytest

JAVASCRIPT_FILES = ("*.test.mjs", "*.test.js", "*-test.js")
DEFAULT_TIMEOUT = "5"


def declare_options(parser: pytest.Parser) -> None:
    """Tell pytest of the options."""
    parser.addini(
        "holdfast_js_files",
        "Patterns of files with JavaScript tests, one a line; empty for none.",
        type="args",
        default=[*JAVASCRIPT_FILES],
    )
    parser.addini(
        "holdfast_timeout",
        "Seconds of real time that a call, or a JavaScript test, may take.",
        default=DEFAULT_TIMEOUT,
    )
    parser.addini(
        "holdfast_strict",
        "Whether a test fails in which a script has thrown what nobody caught.",
        type="bool",
        default=False,
    )
    parser.getgroup("holdfast").addoption(
        "--holdfast-seed",
        type=int,
        default=None,
        help="The seed of tests that interleave calls, as a failed test has shown it.",
    )


def timeout_of(config: pytest.Config) -> float:
    """The time limit in seconds. Raises UsageError where it is none."""
    text = config.getini("holdfast_timeout")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise pytest.UsageError(f"holdfast_timeout is a number of seconds, not {text!r}")
    return seconds
