"""Secrets at rest."""

import os
import stat

import pytest

from holdfast.catalog import Catalog, CatalogUnusable, Script, SecretText, Syntax
from holdfast.catalog.vault import KEY_FILE, Vault
from holdfast.engine.modules import Module, ModuleKind

SECRET = "correct horse battery staple ☃"


def script(version="v1"):
    main = Module("m.mjs", ModuleKind.ESM, b"export default { fetch() {} }")
    bindings = (SecretText("TOKEN", SECRET),)
    return Script("a", "m.mjs", Syntax.MODULES, (main,), bindings, None, (), version)


def put(catalog, version="v1"):
    catalog.put_script(script(version), handlers=["fetch"], classes=[])


@pytest.fixture
def path(tmp_path):
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        put(catalog)
    return tmp_path / "catalog.sqlite"


def test_a_secret_comes_back_and_lies_in_no_file(path):
    with Catalog(path) as catalog:
        assert catalog.script("a").bindings == (SecretText("TOKEN", SECRET),)
    for file in path.parent.iterdir():
        assert SECRET.encode()[:12] not in file.read_bytes(), file


def test_the_key_is_its_owners_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        Vault(tmp_path / KEY_FILE).seal("x", "y")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_without_a_secret_there_is_no_key(tmp_path):
    with Catalog(tmp_path / "catalog.sqlite"):
        pass
    assert not (tmp_path / KEY_FILE).exists()


def test_a_missing_key_is_told_and_does_not_keep_others_from_working(path):
    (path.parent / KEY_FILE).unlink()
    with Catalog(path) as catalog:
        assert catalog.record("a").name == "a"
        with pytest.raises(CatalogUnusable, match="missing"):
            catalog.script("a")
        put(catalog, "v2")  # uploaded again
        assert catalog.script("a").bindings == (SecretText("TOKEN", SECRET),)


def test_another_key_is_told(path):
    (path.parent / KEY_FILE).write_text("0" * 64)
    with Catalog(path) as catalog, pytest.raises(CatalogUnusable, match="not the key"):
        catalog.script("a")


def test_what_is_no_key_is_told(path):
    (path.parent / KEY_FILE).write_text("secret")
    with Catalog(path) as catalog, pytest.raises(CatalogUnusable, match="no key"):
        catalog.script("a")


def test_what_was_sealed_for_one_place_opens_in_no_other(tmp_path):
    vault = Vault(tmp_path / KEY_FILE)
    sealed = vault.seal(SECRET, "v1 TOKEN")
    assert vault.open(sealed, "v1 TOKEN") == SECRET
    with pytest.raises(CatalogUnusable):
        vault.open(sealed, "v2 TOKEN")
    assert vault.seal(SECRET, "v1 TOKEN") != sealed
