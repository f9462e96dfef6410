"""What answers a script's fetch(): where nothing does, and where the test's own code fails."""

import pytest

from holdfast.testing import Harness, JavaScriptError, Request

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


def test_a_function_may_say_the_status_of_its_answer(holdfast: Harness) -> None:
    worker = holdfast.worker(FETCHING)

    def answer(request: Request) -> object:
        return "right" if request.text() == "a" else (400, {"wrong": request.text()})

    holdfast.outbound.answer("https://api.example/", body=answer, headers={"x-kind": "plain"})
    right, wrong = worker.fetch(body="a"), worker.fetch(body="b")
    assert (right.status, right.text(), right.headers["x-kind"]) == (200, "right", "plain")
    assert (wrong.status, wrong.json()) == (400, {"wrong": "b"})


SPEAKING = """
export default {
  async fetch(request) {
    let socket;
    if (request.url.endsWith("/fetch")) {
      const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "chat, other" };
      const response = await fetch("https://chat.example/room", { headers });
      if (response.headers.get("Sec-WebSocket-Protocol") !== "chat") throw new Error("not agreed");
      socket = response.webSocket;
      socket.accept();
    } else {
      socket = new WebSocket("wss://chat.example/room", "chat");
      await new Promise((resolve) => socket.addEventListener("open", resolve));
    }
    const heard = [];
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    socket.addEventListener("message", ({ data }) => {
      if (heard.push(data) === 2) socket.close(4000, "enough");
    });
    socket.send("hello");
    const { code } = await closed;
    return Response.json({ heard, code, protocol: socket.protocol });
  },
};
"""


@pytest.mark.parametrize("path", ["/", "/fetch"])
def test_messages_of_a_web_socket_to_the_outside_are_answered(holdfast: Harness, path: str) -> None:
    chat = holdfast.outbound.websocket(
        "wss://chat.example/*", lambda text: [text.upper(), b"\1", "late"], protocol="chat"
    )
    told = holdfast.worker(SPEAKING).fetch(path).json()
    assert (told["heard"][0], told["code"]) == ("HELLO", 4000)
    assert chat.sockets[0].closed == (4000, "enough")
    assert holdfast.outbound.calls[0].url == "wss://chat.example/room"
    holdfast.outbound.assert_all_used()


def test_a_test_speaks_at_the_other_end_of_a_web_socket_itself(holdfast: Harness) -> None:
    chat = holdfast.outbound.websocket("wss://chat.example/room", protocol="chat")
    with pytest.raises(AssertionError, match="a WebSocket to 'wss:"):
        holdfast.outbound.assert_all_used()
    worker = holdfast.worker(SPEAKING)
    answer = holdfast.start(worker.fetch)
    [socket] = chat.sockets
    assert socket.receive() == "hello"
    socket.send("hi")
    socket.close(1001, "gone")
    assert answer.result().json() == {"heard": ["hi"], "code": 1001, "protocol": "chat"}


def test_a_web_socket_that_nobody_answers_is_refused_with_the_way_out(holdfast: Harness) -> None:
    with pytest.raises(JavaScriptError, match=r"outbound\.websocket\(.wss://chat.example/room"):
        holdfast.worker(SPEAKING).fetch("/fetch")
