"""Which migrations a folder has, and in which order."""

from pathlib import Path

import pytest

from holdfast.catalog.d1_migrations import declared_database
from holdfast.catalog.project import read_databases, read_project
from holdfast.catalog.project_bindings import ProjectInvalid


def declared(folder: Path, **entry: str) -> list[str]:
    return declared_database("DB", entry, folder).migrations()


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("SELECT 1")


def test_migrations_come_by_their_numbers_and_those_without_come_last(tmp_path):
    put(
        tmp_path / "migrations", "10_c.sql", "9_b.sql", "0001_a.sql", "init.sql", "1_z.sql", "x.txt"
    )
    names = ["0001_a.sql", "1_z.sql", "9_b.sql", "10_c.sql", "init.sql"]
    assert declared(tmp_path) == names


def test_a_pattern_finds_them_in_folders_of_their_own(tmp_path):
    put(tmp_path / "drizzle", "10_b/migration.sql", "2_a/migration.sql", "2_a/other.sql", "0.sql")
    entry = {"migrations_dir": "./drizzle/", "migrations_pattern": "drizzle/*/migration.sql"}
    assert declared(tmp_path, **entry) == ["2_a/migration.sql", "10_b/migration.sql"]


def test_there_are_none_where_there_is_no_folder(tmp_path):
    assert declared(tmp_path) == []


def test_a_migration_notes_its_name_whatever_is_in_it(tmp_path):
    put(tmp_path / "migrations", "0001_it's.sql")
    database = declared_database("DB", {"migrations_table": 'my"table'}, tmp_path)
    told = database.script("0001_it's.sql").decode()
    assert "INSERT INTO \"my\"\"table\" (name) VALUES ('0001_it''s.sql');" in told


def project(folder: Path, entry: str) -> Path:
    file = folder / "wrangler.toml"
    file.write_text(f'name = "a"\nmain = "a.js"\n[[d1_databases]]\n{entry}')
    return file


def test_a_database_goes_by_its_id_or_its_binding(tmp_path):
    bare = project(tmp_path, 'binding = "DB"')
    assert read_project(bare).entries[0] == {"type": "d1", "name": "DB", "id": "DB"}
    [found] = read_databases(
        project(tmp_path, 'binding = "DB"\ndatabase_id = "1"\ndatabase_name = "n"')
    )
    assert [found.is_called(name) for name in ("DB", "1", "n", "x")] == [True, True, True, False]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("", 'must have "binding" in each'),
        ('binding = "DB"\ndatabase_id = 5', '"database_id" must be a non-empty string'),
        ('binding = "DB"\nmigrations_dir = ""', '"migrations_dir" must be a non-empty string'),
        ('binding = "DB"\nmigrations_pattern = "x/*.sql"', 'must begin with "migrations_dir"'),
    ],
)
def test_a_mistake_names_its_field(tmp_path, entry, told):
    with pytest.raises(ProjectInvalid, match="d1_databases") as caught:
        read_project(project(tmp_path, entry))
    assert told in str(caught.value)
