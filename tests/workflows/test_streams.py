"""Steps whose result is a stream, whose bytes are kept in pieces.

https://developers.cloudflare.com/changelog/post/2026-04-21-step-context-and-readable-streams/
"""

from typing import Any

from holdfast.testing import Harness

READ = """
  read = async (stream) => {
    const bytes = await new Response(stream).bytes();
    return [bytes.length, bytes[0], bytes.at(-1)];
  };

  // So many zeros, and one byte more when `rest` resolves.
  counted = (length, rest) => new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(length)),
    async pull(controller) {
      await rest;
      controller.enqueue(new Uint8Array([7]));
      controller.close();
    },
  });
"""


def pieces(flow: Any, instance: str) -> list[str]:
    storage = flow.worker.workflow("Flow", instance).storage
    return [key for key in storage if key.startswith("piece ")]


def test_a_stream_is_the_same_after_a_crash_and_is_read_as_often_as_one_likes(
    holdfast: Harness, flows: Any
) -> None:
    flow = flows(f"""
      {READ}
      async large(event, step) {{
        const make = async () => {{
          await this.note("made");
          return this.counted(700_000);
        }};
        const stream = await step.do("large", make);
        const first = await this.read(stream);
        await step.sleep("a day", "1 day");
        await step.do("look", () => this.note("look"));
        return [first, stream instanceof ReadableStream, stream.locked];
      }}
    """)
    flow.start("large")
    assert len(pieces(flow, "large")) == 3
    holdfast.crash()
    flow.clock.advance(2 * 86_400)
    assert flow.output("large") == [[700_001, 0, 7], True, True]
    assert flow.notes == ["made", "look"]


def test_of_a_stream_that_comes_too_late_nothing_is_kept(flows: Any) -> None:
    flow = flows(f"""
      {READ}
      async late(event, step) {{
        const config = {{ timeout: "1 second", retries: {{ limit: 2, delay: 0 }} }};
        const stream = await step.do("late", config, async ({{ attempt }}) => {{
          await this.note(attempt);
          if (attempt === 1) return this.counted(600_000, scheduler.wait(3_000));
          if (attempt === 2) await scheduler.wait(3_000);
          return this.counted(10 * attempt);
        }});
        await step.sleep("until the first has ended", "10 seconds");
        return this.read(stream);
      }}
    """)
    flow.start("late")
    flow.clock.advance(20)
    assert flow.output("late") == [31, 0, 7]
    assert flow.notes == [1, 2, 3]
    assert len(pieces(flow, "late")) == 1


def test_a_stream_that_a_crash_cuts_off_is_made_anew(holdfast: Harness, flows: Any) -> None:
    flow = flows(f"""
      {READ}
      async cut(event, step) {{
        const make = async ({{ attempt }}) =>
          attempt === 1 ? this.counted(600_000, scheduler.wait(5_000)) : this.counted(10);
        return this.read(await step.do("cut", make));
      }}
    """)
    flow.start("cut")
    flow.clock.advance(1)
    assert len(pieces(flow, "cut")) == 2
    holdfast.crash()
    flow.clock.advance(10)
    assert flow.output("cut") == [11, 0, 7]
    assert len(pieces(flow, "cut")) == 1


def test_a_stream_that_breaks_off_ends_the_instance_and_says_why(flows: Any) -> None:
    flow = flows("""
      async broken(event, step) {
        await step.do("broken", async () => {
          await this.note("tried");
          return new ReadableStream({ pull() { throw new RangeError("no paper left"); } });
        });
      }
    """)
    flow.start("broken")
    status = flow.status("broken")
    assert status["status"] == "errored"
    assert status["error"]["message"] == (
        'The execution of the Workflow instance was terminated, as the step "broken" returned an '
        "invalid ReadableStream output. Failed to read from step ReadableStream output. "
        "no paper left"
    )
    flow.clock.advance(3_600)
    assert flow.notes == ["tried"]


def test_what_undoes_a_step_gets_its_stream_and_a_restart_forgets_it(flows: Any) -> None:
    flow = flows(f"""
      {READ}
      async undone(event, step) {{
        const rollback = async ({{ output }}) => this.note(await this.read(output));
        await step.do("stream", async () => this.counted(300_000), {{ rollback }});
        throw new Error("undo");
      }}
    """)
    flow.start("undone")
    assert flow.notes == [[300_001, 0, 7]]
    assert len(pieces(flow, "undone")) == 2
    flow.call("undone", "restart")
    assert pieces(flow, "undone") == []


def test_of_a_stream_the_beginning_is_shown_if_it_is_text(flows: Any) -> None:
    flow = flows("""
      async shown(event, step) {
        const made = { short: "tea", long: "é".repeat(2_000), binary: new Uint8Array([255, 0]) };
        for (const [name, body] of Object.entries(made)) {
          await step.do(name, async () => new Response(body).body);
        }
      }
    """)
    flow.start("shown")
    steps = flow.worker.workflow("Flow", "shown").steps()
    assert [step["output"] for step in steps] == [
        "tea",
        "é" * 1_024 + "[truncated output]",
        "[ReadableStream (binary): 2 bytes]",
    ]
