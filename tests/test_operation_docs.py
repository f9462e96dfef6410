"""docs/operation.md's files are such as their programs take: units, a Dockerfile, proxies.

What only another program can say is asked of it where it is installed: Debian's packages
systemd, nginx and caddy.
"""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from holdfast.cli.arguments import parse
from tests.serving import HOLDFAST, REPOSITORY, free_ports

PAGE = (REPOSITORY / "docs/operation.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def block(kind: str, holds: str) -> str:
    """The page's one block of this kind with this in it."""
    [found] = [text for named, text in FENCE.findall(PAGE) if named == kind and holds in text]
    return str(found)


def passes(*command: str | Path) -> None:
    """Skips where the program is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr.lower() and "unknown" not in done.stderr.lower(), done.stderr


def test_the_service_and_the_container_start_a_command_that_there_is() -> None:
    [started] = re.findall(r"^ExecStart=\S+ (.*)$", block("ini", "[Service]"), re.MULTILINE)
    dockerfile = block("dockerfile", "ENTRYPOINT")
    [command] = re.findall(r"^CMD (.*)$", dockerfile, re.MULTILINE)
    for words in (shlex.split(started), json.loads(command)):
        options = parse(words)
        assert words[0] == "serve" and options.data.is_absolute()
    for line in re.findall(r"^COPY (.*) \S+$", dockerfile, re.MULTILINE):
        assert all((REPOSITORY / path).exists() for path in line.split())


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    service = block("ini", "[Service]").replace("/opt/holdfast/bin/holdfast", str(HOLDFAST))
    (tmp_path / "holdfast.service").write_text(service)
    (tmp_path / "holdfast.socket").write_text(block("ini", "[Socket]"))
    passes("systemd-analyze", "verify", tmp_path / "holdfast.socket", tmp_path / "holdfast.service")


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    """But for the certificate, which is yours."""
    [port] = free_ports(1)
    site = block("nginx", "server {").replace("443 ssl http2", str(port))
    site = re.sub(r"^ *ssl_.*\n", "", site, flags=re.MULTILINE)
    kept = "".join(
        f"{kind}_temp_path {tmp_path / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/errors;\n"
        f"events {{}}\nhttp {{ access_log off;\n{kept}{site} }}\n"
    )
    passes("nginx", "-t", "-q", "-p", tmp_path, "-c", whole)


def test_caddy_takes_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(block("caddyfile", "reverse_proxy"))
    passes("caddy", "adapt", "--adapter", "caddyfile", "--config", tmp_path / "Caddyfile")
