"""What is told where one database cannot be copied into another."""

from pathlib import Path

import apsw
import pytest

from holdfast.storage.copying import copying


def test_a_copy_that_fails_says_why(tmp_path: Path) -> None:
    source, target = apsw.Connection(":memory:"), apsw.Connection(str(tmp_path / "target"))
    source.execute("CREATE TABLE t(b); INSERT INTO t VALUES (zeroblob(100000))")
    target.execute("PRAGMA max_page_count = 3").fetchall()
    try:
        with pytest.raises(apsw.FullError, match="SQLITE_FULL, "), copying(source, target) as copy:
            copy.step()
    finally:
        source.close()
        target.close()
