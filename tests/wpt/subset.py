"""Fetches the tests that Debian's `nodejs` 18 source package carries.

`apt-get` does so, from where this machine gets its packages: its own source entries are read
as entries for sources, in a configuration and with lists of their own, so that the machine's
are not touched. apt verifies the archive's signature and every file's hash.
"""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
CACHE = REPOSITORY / ".wpt"
PACKAGE = "nodejs"
SERIES = "18."
INSIDE = re.compile(r"^[^/]+/test/fixtures/wpt/(.+)$")

ELSEWHERE = (
    "The Web Platform Tests are missing. Set WPT_DIR to a checkout of "
    "https://github.com/web-platform-tests/wpt, or run this on Debian 12, where they come "
    "with the source of the package nodejs 18."
)


class SubsetUnavailable(Exception):
    """The tests cannot be had here; the message says what to do."""


def fetch_subset(cache: Path = CACHE) -> Path:
    """The folder of the tests, fetched where it is not there yet."""
    folder = cache / "debian-nodejs-18"
    if folder.is_dir():
        return folder
    if not all(map(shutil.which, ("apt-get", "apt-cache", "dpkg"))):
        raise SubsetUnavailable(ELSEWHERE)
    cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        work = Path(temporary)
        archive = _download(work)
        unpacked = work / "wpt"
        _unpack(archive, unpacked)
        unpacked.rename(folder)
    return folder


def _download(work: Path) -> Path:
    """The package's tar file. Raises SubsetUnavailable with what apt said."""
    entries = [*source_entries()]
    if not entries:
        raise SubsetUnavailable(f"{ELSEWHERE} No source entry of apt was found in /etc/apt.")
    for folder in ("sources", "lists/partial", "cache/archives/partial", "files"):
        (work / folder).mkdir(parents=True)
    for number, (suffix, text) in enumerate(entries):
        (work / "sources" / f"{number}{suffix}").write_text(text)
    _apt(work, "apt-get", "update")
    said = ""
    for version in _versions(work):
        try:
            _apt(work, "apt-get", "--download-only", "source", f"{PACKAGE}={version}")
        except SubsetUnavailable as error:
            said = str(error)  # a mirror may lag behind its index: an older one will do
            continue
        if found := [*(work / "files").glob("nodejs_*.orig.tar.*")]:
            return found[0]
    raise SubsetUnavailable(f"{ELSEWHERE}\n{said}")


def _apt(work: Path, *command: str) -> str:
    """Run a command of apt's with lists, cache and sources in `work`; its output."""
    settings = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": work / "sources",
        "Dir::State::Lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    done = subprocess.run(
        [command[0], *options, *command[1:]],
        cwd=work / "files",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode != 0:
        raise SubsetUnavailable(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def _versions(work: Path) -> list[str]:
    """The versions of the package that there are sources of, the newest first."""
    told = _apt(work, "apt-cache", "showsrc", PACKAGE)
    versions = [
        line.split(": ", 1)[1] for line in told.splitlines() if line.startswith("Version: ")
    ]
    return sorted({v for v in versions if v.startswith(SERIES)}, key=_release, reverse=True)


def _release(version: str) -> list[int]:
    """Numbers to sort by: all those of the version, in order."""
    return [int(number) for number in re.findall(r"\d+", version)]


def source_entries(etc: Path = Path("/etc/apt")) -> Iterator[tuple[str, str]]:
    """This machine's apt sources as sources of source packages: (suffix, text) each."""
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        text = path.read_text()
        stanzas = [
            stanza
            for stanza in re.split(r"\n\s*\n", text)
            if re.search(r"^Types:(.*\s)?deb(\s|$)", stanza, re.M)
        ]
        if stanzas:
            turned = [
                re.sub(r"^Types:.*$", "Types: deb-src", stanza, flags=re.M) for stanza in stanzas
            ]
            yield ".sources", "\n\n".join(stanza.strip() for stanza in turned) + "\n"
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]:
        if not path.is_file():
            continue
        lines = re.findall(r"^\s*deb\s.*$", path.read_text(), re.M)
        if lines:
            yield ".list", "".join(f"deb-src {line.split(None, 1)[1]}\n" for line in lines)


def _unpack(archive: Path, target: Path) -> None:
    """Take the tests out of the package's source."""
    with tarfile.open(archive) as source:
        for member in source:
            if match := INSIDE.match(member.name):
                member.name = match[1]
                source.extract(member, target, filter="data")
    if not (target / "resources" / "testharness.js").is_file():
        raise SubsetUnavailable(f"{archive.name} has no Web Platform Tests in test/fixtures/wpt.")
