"""Where a project's configuration is found."""

import pytest

from holdfast.catalog.project import read_databases, read_project
from holdfast.catalog.project_bindings import ProjectInvalid
from holdfast.catalog.project_files import (
    REDIRECTION,
    find_project,
    is_project_file,
    nearest_project_folder,
)


@pytest.mark.parametrize("name", ["wrangler.test.json", "wrangler.jsonc", "other.toml"])
def test_a_configuration_is_one_by_its_suffix(tmp_path, name):
    assert is_project_file(tmp_path / name)
    assert not is_project_file(tmp_path / "wrangler.js")


@pytest.fixture
def built(tmp_path):
    """What a build has written, and where."""
    redirection = tmp_path / REDIRECTION
    redirection.parent.mkdir(parents=True)
    redirection.write_text('{"configPath": "../../dist/site/wrangler.json"}')
    file = tmp_path.resolve() / "dist" / "site" / "wrangler.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"name": "site-live", "main": "a.js", "targetEnvironment": "live"}')
    return file


def test_a_build_says_which_configuration_it_has_written(tmp_path, built):
    (tmp_path / "wrangler.toml").touch()
    assert find_project(tmp_path) == built
    built.unlink()
    with pytest.raises(ProjectInvalid, match="which is no file: build it"):
        find_project(tmp_path)
    (tmp_path / REDIRECTION).write_text("{}")
    with pytest.raises(ProjectInvalid, match='"configPath" must be a string'):
        find_project(tmp_path)
    (tmp_path / REDIRECTION).unlink()
    assert find_project(tmp_path) == tmp_path / "wrangler.toml"


def test_a_build_is_for_one_environment(tmp_path, built):
    assert read_project(built, "live").name == read_project(built).name == "site-live"
    assert read_databases(built, "live") == ()
    with pytest.raises(ProjectInvalid, match="was built for the environment 'live'"):
        read_project(built, "staging")
    built.write_text('{"name": "site", "main": "a.js", "env": {"live": {}, "staging": {}}}')
    with pytest.raises(ProjectInvalid, match=r"has environments \(live, staging\), which"):
        find_project(tmp_path)


def test_the_nearest_folder_with_a_project_is_found(tmp_path, built):
    inner = tmp_path / "src" / "pages"
    inner.mkdir(parents=True)
    assert nearest_project_folder(inner) == tmp_path
    (tmp_path / "src" / "wrangler.jsonc").write_text("{}")
    assert nearest_project_folder(inner) == tmp_path / "src"
    assert nearest_project_folder(tmp_path.parent) == tmp_path.parent
