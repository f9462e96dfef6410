"""`publish-durable-object.sh`: what it publishes, and what it says when it cannot."""

import re

import pytest

from tests.serving import Platform, run_publish

IF_KEPT = ("--header", "If-Match: kept")
NAMESPACE_ID = re.compile(r"namespace of DurableObjectExample: (\S+)")


@pytest.mark.slow
def test_it_says_which_curl_to_run_next(platform: Platform) -> None:
    done = platform.publish()
    assert done.returncode == 0, done.stderr
    assert 'http://calling-worker.localhost:8787/ --data "important data!"' in done.stdout


@pytest.mark.slow
def test_a_second_run_keeps_the_namespace_and_its_objects(platform: Platform) -> None:
    first = platform.publish(CLASS_FILE="if-match.mjs")
    platform.ask("calling-worker", "/", "--data", "kept")
    second = platform.publish(CLASS_FILE="if-match.mjs")
    assert NAMESPACE_ID.findall(first.stdout) == NAMESPACE_ID.findall(second.stdout) != []
    assert "Found the namespace" in second.stdout
    kept = platform.ask("calling-worker", "/", *IF_KEPT, "--data", "new")
    assert kept.text == "Changed: true"


@pytest.mark.slow
def test_names_are_the_users_choice(platform: Platform) -> None:
    platform.publish(SCRIPT_NAME="my-class", CALLING_SCRIPT_NAME="my-caller")
    assert platform.ask("my-caller").text == "127.0.0.1 stored No data!"
    assert platform.ask("my-class").text == "Hello World"


@pytest.mark.slow
def test_a_wrong_token_is_named_as_the_reason(platform: Platform) -> None:
    done = run_publish(BASE_URL=platform.api, API_TOKEN="wrong")
    assert done.returncode == 1
    assert "refuses this API_TOKEN" in done.stderr
    assert platform.ask("durable-object-example").status == 404


def test_a_missing_token_is_asked_for() -> None:
    done = run_publish()
    assert (done.returncode, done.stdout) == (1, "")
    assert "API_TOKEN is not set" in done.stderr


def test_a_missing_file_is_named() -> None:
    done = run_publish(API_TOKEN="any", CLASS_FILE="nowhere.mjs")
    assert done.returncode == 1
    assert "there is no file nowhere.mjs" in done.stderr


def test_a_missing_server_is_named_with_the_command_that_starts_it() -> None:
    done = run_publish(API_TOKEN="any", BASE_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "holdfast serve" in done.stderr
