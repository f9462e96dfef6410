"""The polyfills' bytecode is kept for as long as their files stay as they are."""

import os
from pathlib import Path

from holdfast.host.platform import _states


def test_a_source_that_changes_is_noticed_whatever_its_size_and_time_say(tmp_path: Path) -> None:
    source = tmp_path / "area" / "one.js"
    source.parent.mkdir()
    source.write_text("export const a = 1;")
    before, status = [*_states(str(tmp_path))], source.stat()

    written = tmp_path / "area" / "draft"  # which is no source
    written.write_text("export const a = 2;")
    assert [*_states(str(tmp_path))] == before

    written.replace(source)
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert source.stat().st_size == status.st_size
    assert [*_states(str(tmp_path))] != before
