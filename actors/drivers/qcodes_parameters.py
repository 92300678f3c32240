"""What QCoDeS parameters offer, told from their validators: settings and readouts by dotted name.

Nothing here imports QCoDeS or asks an instrument: validators are known by the names of their
classes, so a laboratory's own subclasses are known, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, Protocol, SupportsInt, cast

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from stationd.proto.program import Readout, Setting, SettingValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_NAME: Final = 200
"""Characters of the longest name that a job can say."""
_PASSED_OVER: Final = frozenset({"IDN", "timeout"})
"""QCoDeS' own parameters: a dictionary, and what the driver's option `timeout` is for."""
_UNBOUNDED: Final = 10**18
"""Whole numbers from here on are QCoDeS' way to say that there is no limit."""

Kind = Literal["float", "int", "bool", "str", "complex"]

_KINDS: Final[Mapping[str, Kind]] = {
    "Ints": "int",
    "PermissiveInts": "int",
    "Numbers": "float",
    "PermissiveMultiples": "float",
    "Bool": "bool",
    "Strings": "str",
    "ComplexNumbers": "complex",
}
_KIND_OF: Final[Mapping[type, Kind]] = {bool: "bool", str: "str", complex: "complex"}
_TYPE_STRINGS: Final[Mapping[Kind, str]] = {
    "float": "<f8",
    "int": "<i8",
    "bool": "|b1",
    # Text is stored as long as it is; this is what a result's size is reckoned with.
    "str": "<U64",
    "complex": "<c16",
}


class Parameter(Protocol):
    """What is used of a QCoDeS parameter."""

    name: str

    @property
    def settable(self) -> bool:
        """Whether it has a `set`."""
        ...

    @property
    def gettable(self) -> bool:
        """Whether it has a `get`."""
        ...

    @property
    def validators(self) -> Sequence[object]:
        """All of which a value must please."""
        ...

    def validate(self, value: object) -> None:
        """Raise unless it takes the value."""
        ...

    def set(self, value: object) -> None:
        """Set the instrument."""
        ...

    def get(self) -> ArrayLike:
        """Ask the instrument."""
        ...


class Module(Protocol):
    """What is used of an instrument, and of a channel or another part of one."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """By name."""
        ...

    @property
    def submodules(self) -> Mapping[str, Module | Sequence[Module]]:
        """By name; channels are a sequence."""
        ...


class Domain(Struct, frozen=True):
    """The values that a parameter takes or has."""

    kind: Kind
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[SettingValue, ...] = ()
    shape: tuple[int, ...] = ()


def walk(name: str, module: Module) -> Iterator[tuple[str, Parameter]]:
    """Yield all parameters of an instrument by their dotted names, as in ``awg.outs[1].voltage``.

    A channel that has a name and also stands in a list goes by whichever is mentioned first.
    """
    seen: set[int] = set()
    return _walk(name, module, seen)


def _walk(path: str, module: Module, seen: set[int]) -> Iterator[tuple[str, Parameter]]:
    if id(module) in seen:
        return
    seen.add(id(module))
    for name, parameter in module.parameters.items():
        if name not in _PASSED_OVER:
            yield f"{path}.{name}", parameter
    for name, below in module.submodules.items():
        if isinstance(below, Sequence):
            for number, channel in enumerate(below):
                yield from _walk(f"{path}.{name}[{number}]", channel, seen)
        else:
            yield from _walk(f"{path}.{name}", below, seen)


def setting(name: str, parameter: Parameter) -> Setting | None:
    """Return a parameter as a setting; None if it is none, or takes what no job can say."""
    domain = _domain(parameter) if parameter.settable else None
    if domain is None or domain.shape or domain.kind == "complex" or len(name) > MOST_NAME:
        return None
    return Setting(
        name=name,
        type=domain.kind,
        unit=_text(parameter, "unit"),
        minimum=domain.minimum,
        maximum=domain.maximum,
        choices=domain.choices,
        doc=_doc(parameter),
    )


def readout(name: str, parameter: Parameter) -> Readout | None:
    """Return a parameter as a readout; None if it is none, or reads several things at once."""
    domain = _domain(parameter) if parameter.gettable else None
    if domain is None or len(name) > MOST_NAME:
        return None
    return Readout(
        name=name,
        unit=_text(parameter, "unit"),
        dtype=_TYPE_STRINGS[domain.kind],
        shape=domain.shape,
        doc=_doc(parameter),
    )


def remembered(parameter: Parameter) -> SettingValue | None:
    """Return what QCoDeS remembers of a value; None if it does not, or no job could say it."""
    value = _cached(parameter)
    if isinstance(value, np.generic):
        value = cast("object", value.item())
    return value if isinstance(value, (bool, int, float, str)) else None


def reading(value: ArrayLike, declared: Readout) -> NDArray[np.generic]:
    """Return what an instrument has answered as what was declared.

    Raises:
        ValueError: It is something else; the message says what.
    """
    array = np.asarray(value)
    dtype = np.dtype(declared.dtype)
    if array.shape != declared.shape:
        raise ValueError(
            f"the reading has the shape {array.shape}, and {declared.shape} when the controller"
            " started: restart the controller, or set the number of points in the station file"
        )
    if dtype.kind == "U":
        return array.astype(np.str_)
    if array.dtype.kind == "c" and declared.shape:
        # Some parameters say the shape of their arrays and not the type.
        return array
    # Drivers without a parser return numbers as text, and truth as 0 or 1.
    lenient = (array.dtype.kind, dtype.kind) in {("i", "b"), ("U", "f"), ("U", "i"), ("U", "c")}
    try:
        return array.astype(dtype, casting="unsafe" if lenient else "same_kind")
    except (TypeError, ValueError) as error:
        raise ValueError(f"the reading {value!r} is not of the type {dtype.name}") from error


# --- what validators say ----------------------------------------------------------------------


def _domain(parameter: Parameter) -> Domain | None:
    """Return what a parameter holds; None if it is no single value or array."""
    if hasattr(parameter, "shapes"):
        return None
    shape: tuple[SupportsInt, ...] | None = getattr(parameter, "shape", None)
    if shape is not None:
        return Domain("float", shape=tuple(map(int, shape)))
    found = [_of_validator(one) for one in parameter.validators]
    if not found:
        return Domain(_KIND_OF.get(type(_cached(parameter)), "float"))
    return _together(found)


def _of_validator(validator: object) -> Domain | None:
    for kind in (one.__name__ for one in type(validator).__mro__):
        if kind in _KINDS:
            low, high = (_limit(validator, end) for end in ("min_value", "max_value"))
            return Domain(_KINDS[kind], low, high)
        match kind:
            case "Arrays":
                return _of_arrays(validator)
            case "Enum":
                return _of_choices(getattr(validator, "values", ()))
            case "LiteralValidator":
                return _of_choices(getattr(validator, "valid_values", ()))
            case "OnOff":
                return _of_choices(("off", "on"))
            case "MultiType":
                return _of_several(validator)
            case _:
                continue
    return None


def _of_arrays(validator: object) -> Domain | None:
    shape: tuple[SupportsInt, ...] | None = getattr(validator, "shape", None)
    if shape is None:
        return None
    types: tuple[type, ...] = getattr(validator, "valid_types", ())
    is_complex = bool(types) and issubclass(types[0], np.complexfloating)
    return Domain("complex" if is_complex else "float", shape=tuple(map(int, shape)))


def _of_choices(values: Iterable[object]) -> Domain | None:
    """Return the domain of some values; of mixed ones those of the kind that `get` returns."""
    plain = [one for one in values if isinstance(one, (bool, int, float, str))]
    if not plain:
        return None
    for kind, name in ((bool, "bool"), (str, "str")):
        # QCoDeS' mappings for on and off take words and numbers as well, and return a bool.
        ours = [one for one in plain if isinstance(one, kind)]
        if ours:
            choices = () if kind is bool else tuple(sorted(map(str, ours)))
            return Domain("bool" if name == "bool" else "str", choices=choices)
    whole = all(isinstance(one, int) for one in plain)
    numbers = sorted(float(one) for one in plain)
    return (
        Domain("int", choices=tuple(map(int, numbers)))
        if whole
        else Domain("float", choices=tuple(numbers))
    )


def _of_several(validator: object) -> Domain | None:
    members = [_of_validator(one) for one in getattr(validator, "validators", ())]
    if getattr(validator, "combiner", "") == "AND":
        return _together(members)
    known = [one for one in members if one is not None]
    # One of several kinds of value is none that a setting can have.
    return known[0] if len(known) == 1 else None


def _together(found: Sequence[Domain | None]) -> Domain | None:
    """Return the domain that several validators leave."""
    whole: Domain | None = None
    for one in found:
        if one is None:
            return None
        whole = one if whole is None else _both(whole, one)
    return whole


def _both(one: Domain, other: Domain) -> Domain:
    lows = [low for low in (one.minimum, other.minimum) if low is not None]
    highs = [high for high in (one.maximum, other.maximum) if high is not None]
    kind: Kind = "int" if {one.kind, other.kind} == {"int", "float"} else one.kind
    return replace(
        one,
        kind=kind,
        minimum=max(lows, default=None),
        maximum=min(highs, default=None),
        choices=one.choices or other.choices,
    )


def _limit(validator: object, end: str) -> float | None:
    limit: object = getattr(validator, end, None)
    if not isinstance(limit, (int, float)) or not math.isfinite(limit) or abs(limit) >= _UNBOUNDED:
        return None
    return float(limit)


# --- what else parameters say -----------------------------------------------------------------


def _cached(parameter: Parameter) -> object:
    """Return what QCoDeS remembers of a value, without asking the instrument."""
    cache: object = getattr(parameter, "cache", None)
    get = getattr(cache, "get", None)
    return get(get_if_invalid=False) if callable(get) else None


def _text(parameter: Parameter, attribute: str) -> str:
    text: object = getattr(parameter, attribute, "")
    return text if isinstance(text, str) else ""


def _doc(parameter: Parameter) -> str:
    """Return a parameter's own words, without the paragraph that QCoDeS adds to them."""
    own = " ".join((parameter.__doc__ or "").partition("Parameter class:")[0].split())
    return own or _text(parameter, "label")
