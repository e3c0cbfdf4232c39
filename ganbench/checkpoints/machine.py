"""A pickle machine that can only build data: no name is looked up, nothing is imported, called or assigned to.

It knows the opcodes that pickle protocols 2 to 5 write, over plain values. A name becomes a ``Global``; what "calling"
it means is decided by a table of makers: calling a name outside that table ends the reading, and an object of a class
outside it is only recorded. Sizes are checked against the remaining bytes before anything is allocated, and steps and
copies are counted, so that time and memory stay in proportion to the length of the file. (The interpreter's own
unpickler allocates what a file declares, and spends as long on hashing nested tuples as the file asks for.)
"""

import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from ganbench.checkpoints.extent import check_extent
from ganbench.checkpoints.inert import Global, Instance
from ganbench.errors import BadInputError, UnsafeFileError

MAX_STEPS = 1_000_000  # the largest published checkpoints take some forty thousand
MARK: Final = object()

Maker = Callable[[tuple[Any, ...], "Budget"], Any]
Builder = Callable[[Any, Any, "Budget"], None]


class Budget:
    """Limits for one file: steps of the machine, and bytes copied beyond those in the file."""

    def __init__(self, file_size: int, steps: int = MAX_STEPS) -> None:
        self.steps = steps
        self.copies = 4 * file_size + 2**20

    def step(self) -> None:
        """Count one step."""
        self.steps -= 1
        if self.steps < 0:
            raise UnsafeFileError("takes more steps to read than any checkpoint does")

    def copy(self, nbytes: int) -> None:
        """Count a copy of ``nbytes``."""
        self.copies -= nbytes
        if self.copies < 0:
            raise UnsafeFileError("expands to far more memory than the size of the file")


class Machine:
    """Reads one pickle after another from ``data``, starting at ``position``.

    Args:
        data: the bytes.
        makers: ``"module name"`` to what calling it means, on inert arguments.
        build: ``build(target, state, budget)``: what setting the state of an object means.
        budget: shared by everything read from one file.
        persistent: what a persistent id stands for; None to refuse them.
    """

    def __init__(
        self,
        data: bytes | memoryview,
        makers: Mapping[str, Maker],
        build: Builder,
        budget: Budget,
        persistent: Callable[[Any], Any] | None = None,
    ) -> None:
        self.data = memoryview(data)
        self.makers = makers
        self.build = build
        self.budget = budget
        self.persistent = persistent
        self.position = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.strangers: dict[str, None] = {}  # names outside the table, in the order in which they were met

    def load(self) -> Any:
        """Return the next pickle's value.

        Raises:
            UnsafeFileError: it asks for something outside the table, or for memory that its size does not justify.
            BadInputError: it is cut short or not a well-formed pickle. Both messages are predicates, to follow a path.
        """
        self.stack, self.memo = [], {}
        try:
            while (code := self.take(1)[0]) != STOP:
                self.budget.step()
                self.execute(code)
            (value,) = self.stack
        except (IndexError, KeyError, ValueError, TypeError, OverflowError) as error:
            raise BadInputError(f"is not a well-formed pickle near byte {self.position}") from error
        if value is MARK:
            raise BadInputError(f"is not a well-formed pickle near byte {self.position}")
        check_extent(value)
        return value

    def execute(self, code: int) -> None:
        """Do one step."""
        if code in COUNTED:
            size, decode = COUNTED[code]
            self.stack.append(decode(self.take(self.number(size))))
        elif code in NUMBERS:
            self.stack.append(self.number(NUMBERS[code]))
        elif code in CONSTANTS:
            self.stack.append(CONSTANTS[code])
        elif code in EMPTY:
            self.stack.append(EMPTY[code]())
        elif code in STEPS:
            STEPS[code](self)
        else:
            raise UnsafeFileError(f"uses the pickle opcode 0x{code:02x}, which no checkpoint needs")

    def take(self, count: int) -> memoryview:
        """Return the next ``count`` bytes, without copying."""
        end = self.position + count
        if end > len(self.data):
            raise BadInputError(
                f"is cut short: {count} bytes are announced at byte {self.position}, {len(self.data)} are there; "
                "copy or download it again"
            )
        self.position, start = end, self.position
        return self.data[start:end]

    def number(self, layout: str) -> Any:
        """Return the next number, of one ``struct`` layout."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def line(self) -> str:
        """Return the text up to the next line end, which must be near: a name."""
        text = bytes(self.data[self.position : self.position + 256]).split(b"\n")
        if len(text) == 1:
            raise BadInputError(f"is not a well-formed pickle near byte {self.position}")
        self.position += len(text[0]) + 1
        return text[0].decode()

    def pop(self) -> Any:
        """Return the top of the stack, taken off; a mark is not a value."""
        value = self.stack.pop()
        if value is MARK:
            raise ValueError("a mark where a value belongs")
        return value

    def pop_to_mark(self) -> list[Any]:
        """Return everything above the last mark, taken off together with the mark."""
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i] is MARK:
                values = self.stack[i + 1 :]
                del self.stack[i:]
                return values
        raise ValueError("no mark")

    def top(self, kind: type) -> Any:
        """Return the top of the stack, left there; it must be of the given kind.

        An object of an unknown class may be a subclass of that kind; what it holds is left out.
        """
        if isinstance(self.stack[-1], Instance) and dotted(self.stack[-1].name) in self.strangers:
            return kind()
        if not isinstance(self.stack[-1], kind):
            raise UnsafeFileError(f"fills a {type(self.stack[-1]).__name__} as if it were a {kind.__name__}")
        return self.stack[-1]

    def name(self, module: Any, name: Any) -> None:
        """Push a global, if the table has it."""
        if not (isinstance(module, str) and isinstance(name, str)):
            raise ValueError("a name that is not text")
        full = f"{module} {name}"
        if full not in self.makers:
            self.strangers[dotted(full)] = None
        self.stack.append(Global(full))

    def call(self, constructs: bool = False) -> None:
        """Replace a global and its arguments by what the table makes of them.

        Args:
            constructs: whether the opcode only makes an object of a class; one of an unknown class becomes a record.
        """
        args, callee = self.pop(), self.pop()
        if not isinstance(callee, Global) or not isinstance(args, tuple):
            raise UnsafeFileError(f"calls a {type(callee).__name__}, which is data")
        if callee.name in self.makers:
            self.stack.append(self.makers[callee.name](args, self.budget))
        elif constructs:
            self.stack.append(Instance(callee.name, args))
        else:
            raise UnsafeFileError(f"asks for {dotted(callee.name)!r} to be called, so do not trust it")

    def set_state(self) -> None:
        """Give the object on top its state."""
        state = self.pop()
        self.build(self.stack[-1], state, self.budget)

    def put(self, index: int) -> None:
        """Remember the top of the stack."""
        if self.stack[-1] is MARK:
            raise ValueError("a mark where a value belongs")
        self.memo[index] = self.stack[-1]

    def set_items(self, items: list[Any]) -> None:
        """Add keys and values, which alternate, to the dict on top."""
        keys, values = items[::2], items[1::2]
        self.top(dict).update(zip(map(checked_key, keys), values, strict=True))

    def persistent_id(self) -> None:
        """Replace a persistent id by what it stands for."""
        key = self.pop()
        if self.persistent is None:
            raise UnsafeFileError("refers to data outside itself by a persistent id")
        self.stack.append(self.persistent(key))


def dotted(name: str) -> str:
    """Return a global's name as people write it, no longer than 100 characters."""
    return name[:100].replace(" ", ".", 1)


def checked_key(key: Any) -> Any:
    """Return a key that is cheap to hash and compare; containers are neither when a file nests them.

    Integers that are equal modulo ``sys.hash_info.modulus`` have one hash, and a dict of them takes quadratic time.
    """
    if type(key) not in (str, int, float, bool, type(None)):
        raise UnsafeFileError(f"uses a {type(key).__name__} as a key, which no checkpoint does")
    if type(key) is int and abs(key) >= sys.hash_info.modulus:
        raise UnsafeFileError(f"uses an integer of {key.bit_length()} bits as a key, which no checkpoint does")
    return key


def _text(data: memoryview) -> str:
    return str(data, "utf-8", "surrogatepass")


def _integer(data: memoryview) -> int:
    return int.from_bytes(data, "little", signed=True)


def _pop(machine: Machine) -> None:
    machine.stack.pop()


def _frame(machine: Machine) -> None:
    size = machine.number("<Q")
    machine.take(size)  # only to see that the frame is there
    machine.position -= size


def _proto(machine: Machine) -> None:
    if (version := machine.number("<B")) > 5:
        raise BadInputError(f"is a pickle of protocol {version}, and 5 is the highest known")


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name(module, name)


def _append(machine: Machine) -> None:
    value = machine.pop()
    machine.top(list).append(value)


def _appends(machine: Machine) -> None:
    values = machine.pop_to_mark()
    machine.top(list).extend(values)


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


def _add_items(machine: Machine) -> None:
    values = machine.pop_to_mark()
    machine.top(set).update(map(checked_key, values))


def _tuple(count: int) -> Callable[[Machine], None]:
    def push(machine: Machine) -> None:
        machine.stack.append(tuple([machine.pop() for _ in range(count)][::-1]))

    return push


STOP = ord(".")
CONSTANTS: dict[int, Any] = {ord("N"): None, 0x88: True, 0x89: False, ord("("): MARK}
EMPTY: dict[int, Callable[[], Any]] = {ord("]"): list, ord("}"): dict, ord(")"): tuple, 0x8F: set}
NUMBERS = {ord("J"): "<i", ord("K"): "<B", ord("M"): "<H", ord("G"): ">d"}
COUNTED: dict[int, tuple[str, Callable[[memoryview], Any]]] = {
    ord("X"): ("<I", _text),
    0x8C: ("<B", _text),
    0x8D: ("<Q", _text),
    ord("B"): ("<I", bytes),
    ord("C"): ("<B", bytes),
    0x8E: ("<Q", bytes),
    0x96: ("<Q", bytes),  # a bytearray; nothing here writes into it
    0x8A: ("<B", _integer),
}
STEPS: dict[int, Callable[[Machine], None]] = {
    0x80: _proto,
    0x95: _frame,
    ord("0"): _pop,
    ord("1"): lambda m: m.pop_to_mark().clear(),
    ord("q"): lambda m: m.put(m.number("<B")),
    ord("r"): lambda m: m.put(m.number("<I")),
    0x94: lambda m: m.put(len(m.memo)),
    ord("h"): lambda m: m.stack.append(m.memo[m.number("<B")]),
    ord("j"): lambda m: m.stack.append(m.memo[m.number("<I")]),
    ord("a"): _append,
    ord("e"): _appends,
    ord("s"): _set_item,
    ord("u"): lambda m: m.set_items(m.pop_to_mark()),
    0x90: _add_items,
    0x91: lambda m: m.stack.append(frozenset(map(checked_key, m.pop_to_mark()))),
    ord("t"): lambda m: m.stack.append(tuple(m.pop_to_mark())),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("c"): lambda m: m.name(m.line(), m.line()),
    0x93: _stack_global,
    ord("R"): lambda m: m.call(),
    0x81: lambda m: m.call(constructs=True),
    ord("b"): lambda m: m.set_state(),
    ord("Q"): lambda m: m.persistent_id(),
}
