"""Classes that were renamed keep their objects, where no catalog knows of them."""

from pathlib import Path

from holdfast.server.renamed import KeptNames
from holdfast.storage.alarms import FILE_NAME

OBJECT = f"{'a' * 64}.sqlite"


def test_objects_are_kept_by_the_name_that_they_were_made_under(tmp_path: Path) -> None:
    former = {"Hall": ["Room", "Chamber"]}
    kept = KeptNames(tmp_path, lambda name: former.get(name, []))
    (tmp_path / "site-Hall").mkdir()
    (tmp_path / "site-Room").mkdir()
    (tmp_path / "site-Room" / FILE_NAME).touch()
    (tmp_path / "site-Chamber").mkdir()
    (tmp_path / "site-Chamber" / OBJECT).touch()
    assert kept.of("site", "Hall") == "Chamber"
    (tmp_path / "site-Hall" / OBJECT).touch()
    assert kept.of("site", "Hall") == "Chamber", "it stays so for as long as the server runs"
    assert KeptNames(tmp_path, lambda name: former.get(name, [])).of("site", "Hall") == "Hall"


def test_a_class_that_was_never_renamed_is_not_looked_for(tmp_path: Path) -> None:
    (tmp_path / "site-Hall").write_text("no folder")
    assert KeptNames(tmp_path, lambda _: []).of("site", "Hall") == "Hall"
    assert KeptNames(tmp_path / "none", lambda _: ["Room"]).of("site", "Hall") == "Hall"
