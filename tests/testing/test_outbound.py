"""What answers a script's fetch(): where nothing does, and where the test's own code fails."""

import pytest

from holdfast.testing import Harness, JavaScriptError

FETCHING = """
export default {
  async fetch(request) {
    const response = await fetch("https://api.example/" + new URL(request.url).search, request);
    return new Response(response.body, response);
  },
};
"""


def test_a_refusal_tells_why_no_answer_fits(holdfast: Harness) -> None:
    worker = holdfast.worker(FETCHING)
    holdfast.outbound.answer("https://other.example/")
    holdfast.outbound.answer("https://api.example/", method="PUT")
    holdfast.outbound.answer("https://api.example/", when=lambda request: request.text() == "a")
    holdfast.outbound.answer("https://api.example/", when=lambda request: True, times=1)
    assert worker.fetch(body="b").status == 200
    with pytest.raises(JavaScriptError) as caught:
        worker.fetch(body="b")
    told = str(caught.value)
    assert "PUT https://api.example/: it is for another method" in told
    assert "its when=… says no" in told and "it has answered 1 times" in told
    assert "other.example" not in told


def test_an_error_of_the_code_that_answers_is_the_scripts_and_in_the_log() -> None:
    def answer(request: object) -> str:
        raise AssertionError("not Bob")

    harness = Harness()
    worker = harness.worker(FETCHING)
    harness.outbound.answer("https://api.example/", body=answer)
    with pytest.raises(JavaScriptError, match="not Bob"):
        worker.fetch()
    assert "in answer" in worker.logs[0].text and worker.logs[0].level == "python"
    with pytest.raises(AssertionError, match="not Bob"):
        harness.close()  # an assertion is the test's, whatever the script has made of it
