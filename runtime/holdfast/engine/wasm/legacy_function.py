"""A function with exceptions of the old form, written anew with those of today's.

Each `try` becomes

    block $done
      block $catch_all (result exnref)
        block $catch (result … exnref)
          try_table (catch_ref $tag $catch) (catch_all_ref $catch_all) … end
          br $done
        end
        local.set $caught … br $done
      end
      local.set $caught …
    end

where `rethrow` is `local.get $caught, throw_ref`. What is delegated goes to a block around the
body of the `try` that it is delegated to, at whose end it is thrown again.
"""

from dataclasses import field
from typing import Protocol

from holdfast.dataclass import dataclass
from holdfast.engine.wasm.instructions import BR_TABLE, after
from holdfast.engine.wasm.leb128 import leb, number, skip

EXNREF = 0x69
_EMPTY = 0x40

_BLOCK, _LOOP, _IF, _TRY, _CATCH, _RETHROW = 0x02, 0x03, 0x04, 0x06, 0x07, 0x09
_THROW_REF, _END, _BR, _BR_IF, _RETURN = 0x0A, 0x0B, 0x0C, 0x0D, 0x0F
_DELEGATE, _CATCH_ALL, _TRY_TABLE = 0x18, 0x19, 0x1F
_LOCAL_GET, _LOCAL_SET = 0x20, 0x21
_CATCH_REF_CLAUSE, _CATCH_ALL_REF_CLAUSE = 1, 3
LONGER_TYPES = (0x63, 0x64)  # of references, with another number


class NotTranslated(Exception):
    """The module has something in it that this does not know."""


class Types(Protocol):
    """What a function has to know of its module."""

    types: list[tuple[bytes, bytes]]

    def caught_type(self, tag: int) -> bytes:
        """The type of a block that ends with what a tag carries, and the exception."""


@dataclass(slots=True)
class _Try:
    """A `try` of a function, as a first look has found it."""

    clauses: list[int | None] = field(default_factory=list)  # tags; None for catch_all
    delegates: bool = False
    target: "_Try | None" = None  # whom it delegates to; None for whoever called the function
    is_target: bool = False


@dataclass(slots=True)
class _Label:
    """A block that is open, in the source; `level` is that of the block that now stands for it."""

    level: int
    tried: _Try | None = None
    is_caught: bool = False  # within one of the clauses
    delegation: int = 0  # the level of the block where what is delegated to it arrives
    caught_in: int = 0  # the local that has what was caught


class Function:
    """The body of one function."""

    def __init__(self, module: Types, body: bytes, params: int) -> None:
        self._module = module
        self._body = body
        self._groups, place = number(body, 0)
        self._locals_at = place
        self._locals = params
        for _ in range(self._groups):
            count, place = number(body, place)
            self._locals += count
            place = skip(body, place + 1) if body[place] in LONGER_TYPES else place + 1
        self._start = place
        self._tries: list[_Try] = []
        self._to_caller = False  # something is delegated to whoever called the function

    def translated(self) -> bytes:
        """The body anew; as it was, if there is nothing to translate. Raises NotTranslated."""
        self._look()
        if not self._tries:
            return self._body
        writer = _Writer(self._module, self._body, self._tries, self._locals)
        code = writer.write(self._start, to_caller=self._to_caller)
        locals_before = leb(self._groups + 1) + self._body[self._locals_at : self._start]
        return bytes(locals_before + leb(writer.most_tries) + bytes([EXNREF]) + code)

    def _look(self) -> None:
        body, place = self._body, self._start
        labels: list[_Label] = []
        while place < len(body):
            code = body[place]
            if code in (_BLOCK, _LOOP, _IF):
                labels.append(_Label(0))
                place = skip(body, place + 1)
            elif code == _TRY:
                self._tries.append(_Try())
                labels.append(_Label(0, self._tries[-1]))
                place = skip(body, place + 1)
            elif code == _CATCH:
                tag, place = number(body, place + 1)
                _add_clause(labels[-1], tag)
            elif code == _CATCH_ALL:
                place += 1
                _add_clause(labels[-1], None)
            elif code == _DELEGATE:
                depth, place = number(body, place + 1)
                label = labels.pop()
                self._delegate(label, labels[: len(labels) - depth])
            elif code == _END:
                place += 1
                if labels:
                    labels.pop()
            else:
                place = after(body, place)

    def _delegate(self, label: _Label, outer: list[_Label]) -> None:
        if label.tried is None:
            raise NotTranslated("what delegates is no try")
        label.tried.delegates = True
        for target in reversed(outer):
            if target.tried is not None and not target.is_caught:
                label.tried.target = target.tried
                target.tried.is_target = True
                return
        self._to_caller = True


def _add_clause(label: _Label, tag: int | None) -> None:
    if label.tried is None:
        raise NotTranslated("a clause belongs to no try")
    label.is_caught = True
    label.tried.clauses.append(tag)


class _Writer:
    """Writes the code of one function."""

    def __init__(self, module: Types, body: bytes, tries: list[_Try], local: int) -> None:
        """`local` is the number of the first that the function does not have."""
        self._module = module
        self._body = body
        self._tries = iter(tries)
        self._local = local
        self._out = bytearray()
        self._height = 0  # of blocks that are open in what is written
        self._labels = [_Label(0)]  # the function's own
        self._open_tries = 0
        self.most_tries = 0
        self._writers = {
            _BLOCK: self._block,
            _LOOP: self._block,
            _IF: self._block,
            _TRY: self._try,
            _CATCH: self._catch,
            _CATCH_ALL: self._catch_all,
            _DELEGATE: self._delegate,
            _RETHROW: self._rethrow,
            _END: self._end,
            _BR: self._branch,
            _BR_IF: self._branch,
            BR_TABLE: self._branch_by_table,
        }

    def write(self, place: int, *, to_caller: bool) -> bytes:
        """The code from here on; `to_caller` if exceptions are delegated to the caller."""
        body, out, writers = self._body, self._out, self._writers
        if to_caller:
            out += bytes([_BLOCK, EXNREF])
            self._height = self._labels[0].delegation = 1
        while self._labels:
            writer = writers.get(body[place])
            if writer is None:
                end = after(body, place)
                out += body[place:end]
                place = end
            else:
                place = writer(place)
        if to_caller:
            out += bytes([_RETURN, _END, _THROW_REF])
        out.append(_END)
        return bytes(out)

    def _open(self, code: bytes) -> int:
        self._out += code
        self._height += 1
        return self._height

    def _close(self) -> None:
        self._out.append(_END)
        self._height -= 1

    def _branch_to(self, label: _Label) -> None:
        self._out += bytes([_BR]) + leb(self._height - label.level)

    # ---- instructions: each returns where it ends --------------------------------------

    def _block(self, place: int) -> int:
        end = skip(self._body, place + 1)
        self._labels.append(_Label(self._open(self._body[place:end])))
        return end

    def _branch(self, place: int) -> int:
        depth, end = number(self._body, place + 1)
        self._out += self._body[place : place + 1] + self._depth(depth)
        return end

    def _branch_by_table(self, place: int) -> int:
        count, end = number(self._body, place + 1)
        self._out += bytes([BR_TABLE]) + leb(count)
        for _ in range(count + 1):
            depth, end = number(self._body, end)
            self._out += self._depth(depth)
        return end

    def _depth(self, depth: int) -> bytes:
        return leb(self._height - self._labels[-1 - depth].level)

    def _try(self, place: int) -> int:
        end = skip(self._body, place + 1)
        kind = self._body[place + 1 : end]
        self._check(kind)
        tried = next(self._tries)
        label = _Label(0, tried, caught_in=self._local + self._open_tries)
        self._open_tries += 1
        self.most_tries = max(self.most_tries, self._open_tries)
        if tried.delegates:
            delegation = leb(self._height - self._target(tried).delegation)
            clause = bytes([1, _CATCH_ALL_REF_CLAUSE]) + delegation
            label.level = self._open(bytes([_TRY_TABLE]) + kind + clause)
        else:
            self._open_try(label, tried, kind)
        if tried.is_target:
            label.delegation = self._open(bytes([_BLOCK, EXNREF]))
        self._labels.append(label)
        return end

    def _target(self, tried: _Try) -> _Label:
        if tried.target is None:
            return self._labels[0]
        return next(label for label in self._labels if label.tried is tried.target)

    def _open_try(self, label: _Label, tried: _Try, kind: bytes) -> None:
        label.level = self._open(bytes([_BLOCK]) + kind)
        for tag in reversed(tried.clauses):
            caught = bytes([EXNREF]) if tag is None else self._module.caught_type(tag)
            self._open(bytes([_BLOCK]) + caught)
        if not tried.clauses:
            return
        clauses = leb(len(tried.clauses))
        for depth, tag in enumerate(tried.clauses):
            which = _CATCH_ALL_REF_CLAUSE if tag is None else _CATCH_REF_CLAUSE
            clauses += bytes([which]) + (b"" if tag is None else leb(tag)) + leb(depth)
        self._open(bytes([_TRY_TABLE]) + kind + clauses)

    def _check(self, kind: bytes) -> None:
        """Raises NotTranslated for a type of a block that takes parameters."""
        if len(kind) == 1 and kind[0] & _EMPTY:  # none, or a single result
            return
        index, _ = number(kind, 0)
        if self._module.types[index][0]:
            raise NotTranslated("a try takes parameters")

    def _catch(self, place: int) -> int:
        self._begin_clause()
        return skip(self._body, place + 1)

    def _catch_all(self, place: int) -> int:
        self._begin_clause()
        return place + 1

    def _begin_clause(self) -> None:
        label = self._labels[-1]
        if label.is_caught:
            self._branch_to(label)
        else:
            label.is_caught = True
            self._end_body(label)
        self._close()
        self._out += bytes([_LOCAL_SET]) + leb(label.caught_in)

    def _end_body(self, label: _Label) -> None:
        """What ends the part of a `try` where it catches."""
        assert label.tried is not None, "a try ends"
        if label.tried.is_target:
            self._branch_to(label)
            self._close()
            self._out.append(_THROW_REF)
        if label.tried.clauses:
            self._close()  # of try_table
            self._branch_to(label)

    def _delegate(self, place: int) -> int:
        label = self._labels.pop()
        self._open_tries -= 1
        self._end_body(label)
        self._close()
        return skip(self._body, place + 1)

    def _rethrow(self, place: int) -> int:
        depth, end = number(self._body, place + 1)
        label = self._labels[-1 - depth]
        if label.tried is None or not label.is_caught:
            raise NotTranslated("what is thrown again was not caught")
        self._out += bytes([_LOCAL_GET]) + leb(label.caught_in) + bytes([_THROW_REF])
        return end

    def _end(self, place: int) -> int:
        label = self._labels.pop()
        if self._labels:
            if label.tried is not None:
                self._open_tries -= 1
                if not label.is_caught:
                    self._end_body(label)
            self._close()
        return place + 1
