"""JSON that is transcoded for JS_ReadObject: the same values as JSON.parse, and its mistakes."""

import random
import threading

import pytest

from holdfast.engine import Isolate, JSError, Limits, Module, ModuleKind, json_transcoder
from holdfast.engine.errors import UnsupportedEngine
from holdfast.engine.json_transcoder import SharedTranscoder, Transcoder
from holdfast.engine.values import Json

SOURCE = b"""
const { parsed } = globalThis.holdfastOps;
const outcome = (parse) => { try { return parse(); } catch (error) { return error; } };
function same(a, b) {
  if (a instanceof Error) return String(a) === String(b);
  if (a === null || typeof a !== "object") return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const [keys, others] = [Reflect.ownKeys(a), Reflect.ownKeys(b)];
  return keys.length === others.length && keys.every((key, index) => {
    const { value, ...flags } = Object.getOwnPropertyDescriptor(a, key);
    const { value: other, ...others_ } = Object.getOwnPropertyDescriptor(b, key);
    return key === others[index] && JSON.stringify(flags) === JSON.stringify(others_)
      && same(value, other);
  });
}
export const check = (text) => same(outcome(() => parsed(text)), outcome(() => JSON.parse(text)));
export const keep = (text) => { globalThis.kept = parsed(text); };
export const lengths = (text) => parsed(text).map(({ length }) => length).join();
"""


class Noting(Transcoder):
    """Notes whether it has taken the last text."""

    took = False

    def transcoded(self, text, **options):
        """See Transcoder."""
        made = super().transcoded(text, **options)
        self.took = bool(made)
        return made


@pytest.fixture(scope="module")
def transcoder():
    return Noting()


@pytest.fixture
def functions(transcoder, monkeypatch):
    shared = SharedTranscoder()
    shared.transcoder = transcoder
    monkeypatch.setattr(json_transcoder, "shared", shared)
    monkeypatch.setattr(json_transcoder, "LEAST_BYTES", 0)
    isolate = Isolate(ops={"parsed": lambda text: Json(text.encode())})
    isolate.add_modules({"m": Module("m", ModuleKind.ESM, SOURCE)})
    namespace = isolate.evaluate("m")
    yield lambda name, text: isolate.call(isolate.export(namespace, name), text)
    isolate.close()


TEXTS = [
    *("0", "-0", "7", "-7", "63", "-64", "999999999", "-999999999", "1000000000", "2147483648"),
    *("9007199254740993", "123456789012345678901234567890", "0.1", "-0.5", "1.0", "1e3", "1E+22"),
    *("1e23", "123e-22", "5e-324", "1e400", "-1e-400", "1e00000000000000000005", "0e5"),
    *("0.3000000000000000444", "9007199254740992.5", "1.7976931348623157e308"),
    *("true", "false", "null", " \t\r\n{ } \n", "[]", "[ [ ] , { } ]"),
    *(f'"{"x" * length}"' for length in (0, 1, 15, 16, 17, 63, 64, 65, 200, 9000)),
    *('"é"', '"ÿ€"', '"中文"', '"😀"', '"\u0080\uffff"', '"ascii first 0123456789, é"'),
    r'"\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00\ud800 é"',
    '{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}',
    '{"a":1,"b":2,"a":{"b":3}}',
    '{"__proto__":{"x":1},"constructor":null,"":0,"名前":1,"toString":2}',
    '{"b":0,"10":1,"9":2,"01":3,"2147483647":4,"2147483648":5,"4294967295":6,"-1":7,"1.5":8}',
    '{"0123456789abcdef":1,"0123456789abcdeF":2,"0123456789abcdef0":3,"0123456789abcdefX":4}',
    "[" * 300 + "]" * 300,
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:40])
def test_a_text_is_the_value_that_the_engine_makes_of_it(text, functions, transcoder):
    assert functions("check", text)
    assert transcoder.took


LEFT = {
    "many names": str({f"name {n}": n for n in range(1025)}).replace("'", '"'),
    "long names": str({f"{n:03}{'x' * 700}": n for n in range(100)}).replace("'", '"'),
    "escapes in names": r'{"\u0061":1,"a\"":2}',
    "hard numbers": f"[{','.join(f'{n}.12345678901234567890' for n in range(65))}]",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_rare_is_left_to_the_engine(text, functions, transcoder):
    assert functions("check", text)
    assert not transcoder.took


def test_what_is_nested_deeply_is_left_to_the_engine(functions, transcoder):
    for depth, is_taken in ((1000, True), (1001, False)):
        assert functions("lengths", "[" * depth + "]" * depth) == "1"
        assert transcoder.took == is_taken


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "[", "{", "[1", '{"a"', '{"a":', '{"a":1', '"', '"a', "[1,]", '{"a":1,}', "{,}"),
        *("1 2", "[]]", "[}", '{"a":1]', "{1:2}", '{"a" 1}', "[1 2]", "'a'", "tru", "nul", "fals"),
        *("truE", "nulL", "01", "-", "-a", "1.", ".5", "1e", "1e+", "+1", "0x1", "NaN", "Infinity"),
        *('"\n"', '"\\x"', '"\\u12g4"', '"\\u12', '"\\', "[1]\0", "\0", "\ufeff1", "/**/1", "[1]x"),
    ],
)
def test_a_mistake_is_told_as_the_engine_tells_it(text, functions, transcoder):
    assert functions("check", text)
    assert not transcoder.took


def _text_of(chance, depth):
    kind = chance.randrange(8 if depth else 5)
    if kind < 2:
        return chance.choice(
            ["true", "null", str(chance.randint(-(2**40), 2**40)), repr(chance.uniform(-9, 9))]
        )
    if kind < 5:
        return '"' + "".join(chance.choices(["a", "b", r"\n", "é", "中", "😀"], k=kind * 9)) + '"'
    parts = [_text_of(chance, depth - 1) for _ in range(chance.randrange(5))]
    if kind == 5:
        return f"[{' , '.join(parts)}]"
    keys = ["a", "id", "7", "é", "name", "0123456789abcdef", "__proto__"]
    return "{" + ",".join(f'"{chance.choice(keys)}": {part}' for part in parts) + "\n}"


def test_texts_by_chance_are_the_same_values_also_where_a_character_is_another(functions):
    chance = random.Random(7)
    taken_from = '{}[],:"\\0123456789.eE+-tu \x01é'
    for _ in range(300):
        text = _text_of(chance, 4)
        assert functions("check", text), text
        place = chance.randrange(len(text))
        text = text[:place] + chance.choice(taken_from) + text[place + chance.randrange(2) :]
        assert functions("check", text), text


@pytest.mark.parametrize(
    "wrong",
    [
        *(b"\x80", b"\xc1\x81", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80"),
        *(b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xc3", b"\xe4\xb8", b"\xf0\x9f\x98", b"\xff"),
    ],
)
def test_what_is_not_utf8_is_not_taken(wrong, transcoder):
    assert transcoder.transcoded(b'["' + wrong + b'"]') == b""


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_heap_without_room_is_an_error_that_says_so(is_shared, transcoder, monkeypatch):
    monkeypatch.setattr(json_transcoder.shared, "transcoder", transcoder if is_shared else None)
    isolate = Isolate(
        ops={"parsed": lambda text: Json(text.encode())}, limits=Limits(memory_bytes=4 << 20)
    )
    try:
        isolate.add_modules({"m": Module("m", ModuleKind.ESM, SOURCE)})
        namespace = isolate.evaluate("m")
        objects = "[" + ",".join(['{"a":1}'] * 100_000) + "]"
        with pytest.raises(JSError, match="out of memory"):
            isolate.call(isolate.export(namespace, "keep"), objects)
        assert isolate.call(isolate.export(namespace, "lengths"), '["a",[]]') == "1,0"
    finally:
        isolate.close()


def test_where_there_is_no_memory_for_it_the_engine_parses(functions, transcoder, monkeypatch):
    monkeypatch.setattr(transcoder, "_reserve", raising(UnsupportedEngine("no room")))
    assert functions("check", '{"a":[1]}')
    assert not transcoder.took


def raising(error):
    def function(*_):
        raise error

    return function


def test_memory_of_a_large_text_is_given_back(functions, transcoder):
    text = "[" + ",".join(['"0123456789"'] * 300_000) + "]"
    assert functions("check", text)
    assert transcoder.took
    assert transcoder.memory_bytes == 0
    assert functions("check", text[:-1].replace('"', "") + "]")
    assert functions("check", "[7]")
    assert transcoder.memory_bytes > 0


def test_it_is_made_once_there_was_enough_to_parse():
    shared = SharedTranscoder(worthwhile_bytes=10_000)
    assert shared.for_text(10_000) is None
    assert shared.making is None
    assert shared.for_text(1) is None or shared.making is not None
    shared.making.result()
    assert isinstance(shared.for_text(1), Transcoder)


def test_its_thread_transcodes_what_takes_long_and_only_that(transcoder):
    shared = SharedTranscoder(worthwhile_bytes=0)
    assert shared.thread_for(1 << 20) is None, "nothing was parsed yet"
    shared.for_text(1)
    shared.making.result()
    assert shared.thread_for(1000) is None
    assert shared.thread_for(1 << 30) is None
    thread = shared.thread_for(1 << 20)
    for text, is_taken in ((b"[1,2]", True), (b"[1,", False)):
        made = thread.submit(shared.json_ahead, text).result()
        assert made.text == text
        assert bool(made.transcoded) == is_taken


def test_where_no_thread_can_be_made_the_engine_parses(functions, monkeypatch):
    shared = SharedTranscoder(worthwhile_bytes=0)
    monkeypatch.setattr(json_transcoder, "shared", shared)
    monkeypatch.setattr(threading.Thread, "start", raising(RuntimeError("no more")))
    assert functions("check", '{"a":[1]}')
    assert shared.thread_for(1 << 20) is None
