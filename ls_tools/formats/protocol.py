"""What a target format is to the rest of ls_tools; knows no format."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    Protocol,
    TypeAlias,
    runtime_checkable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ls_tools.label_config import LabelConfig
    from ls_tools.output import Item, Items, Output

ClassIds = Literal["contiguous", "category", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOptions:
    """The options of a format that has none of its own."""


class Format(Protocol):
    """A target format. Implementations hold no state; ``write`` does the work.

    A class that derives from this one states only what differs from the values
    below.

    Attributes:
        name: The name on the command line, lower case.
        aliases: Other names, Label Studio's among them; matched in any case
            and with ``-`` for ``_``.
        presets: Further names, each with the options that it stands for.
        summary: One line for listings.
        controls: Tags of the label config that the format can express.
            Their labels, and no others, become classes.
        classless_controls: Tags of those that it can express besides, whose labels
            become something else: names of keypoints, categories of texts.
        objects: Tags of the object tags that those controls may annotate;
            empty for any.
        extra: The pip extra that it needs for all or some of its work, empty for
            none.
        requires: Modules that it cannot work without; where one is missing, a
            conversion is refused before anything is read.
        options_type: Frozen dataclass of the options, each field made by
            ``option()``; it can be built without arguments.
        default_selection: Policy where the user names none: ``latest`` for
            training formats, ``all`` for formats that hold several
            annotations of one task side by side.
        keeps_cancelled: Whether annotations that were skipped are kept.
        keeps_unlabeled: Whether tasks without any annotation are written too,
            as they are in Label Studio's own exports; training formats leave
            them out, since unlabeled is not negative.
        places_media: Whether the format has a place for media files.
        reads_media: Whether media are read that are not placed: texts by URL.
        class_ids: ``contiguous`` from 0; ``category`` honours the label
            config's ``category`` attributes; ``none`` has no classes.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    summary: ClassVar[str]
    controls: ClassVar[frozenset[str]] = frozenset()
    classless_controls: ClassVar[frozenset[str]] = frozenset()
    objects: ClassVar[frozenset[str]] = frozenset()
    extra: ClassVar[str] = ""
    requires: ClassVar[tuple[str, ...]] = ()
    options_type: ClassVar[type[Any]] = NoOptions
    default_selection: ClassVar[str] = "latest"
    keeps_cancelled: ClassVar[bool] = False
    keeps_unlabeled: ClassVar[bool] = False
    places_media: ClassVar[bool] = False
    reads_media: ClassVar[bool] = False
    class_ids: ClassVar[ClassIds] = "none"

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: Any
    ) -> None:
        """Write every item below ``output``, and count what could not be.

        Args:
            items: What was selected; iterating it is the one counted pass.
            config: The label config, given or inferred.
            output: Tally, classes, names, media and the folder to write in.
            options: An ``options_type``.

        Raises:
            OutputError: The output cannot be written.
        """


Numbers: TypeAlias = dict[str, int]
"""How many numbers of each kind are used: ids of images and of annotations."""


class Survey(Protocol):
    """What must be known of all items before the first one is written.

    It can be pickled.
    """

    def merge(self, later: Any) -> None:
        """Add what was found in the items that come next.

        Args:
            later: Of the same class.
        """


class Writing:
    """One conversion to a ``DivisibleFormat`` under way: runs of items, then the end.

    The runs may be written by several processes at once, each with a Writing and
    an Output of its own. One of these processes joins what the others wrote, in
    order, as if it had written it: the files of records are joined for it, and the
    methods from ``numbers`` on are about what is left.
    """

    def add(self, items: Iterable[Item]) -> None:
        """Write the items that come next.

        Raises:
            OutputError: The output cannot be written.
        """
        raise NotImplementedError

    def finish(self) -> None:
        """Write what comes after all items.

        Raises:
            OutputError: The output cannot be written.
        """

    def numbers(self) -> Numbers:
        """How many numbers were used up: of a part, or of all so far."""
        return {}

    def begin_numbers(self, used: Numbers) -> None:
        """Of a part that is complete: count from what the items before it used."""

    def state(self) -> Any:
        """What the end must know of a part; it can be pickled."""

    def join(self, state: Any) -> None:
        """Take over what the end must know of the part that comes next."""

    def names(self) -> Sequence[Any]:
        """What was given a name that depends on the names given before, in order."""
        return ()

    def learn(self, names: Sequence[Any]) -> None:
        """Give these their names, in order, without a word in the Report."""


@runtime_checkable
class DivisibleFormat(Format, Protocol):
    """A format whose items may be written in runs, by several processes.

    Attributes:
        looks_ahead: ``survey`` is needed.
        is_heavy: A process takes so much memory that several are begun only where
            somebody asks for them.
    """

    looks_ahead: ClassVar[bool] = False
    is_heavy: ClassVar[bool] = False

    def begin(
        self, config: LabelConfig, output: Output, options: Any, survey: Any
    ) -> Writing:
        """Begin to write.

        Args:
            config: The label config, given or inferred.
            output: Tally, classes, names, media and the folder to write in.
            options: An ``options_type``.
            survey: Of all items; None unless the format looks ahead.

        Raises:
            OutputError: The output cannot be written.
        """
        raise NotImplementedError

    def survey(self, items: Iterable[Item]) -> Survey:
        """Look at items before they are written."""
        raise NotImplementedError

    def write(
        self, items: Items, config: LabelConfig, output: Output, options: Any
    ) -> None:
        """Write every item in this process."""
        survey = self.survey(items.scan()) if self.looks_ahead else None
        writing = self.begin(config, output, options, survey)
        writing.add(items)
        writing.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionInfo:
    """One option of a format, as the command line and the docs show it.

    Attributes:
        name: Name of the dataclass field.
        flag: Name on the command line, such as ``--ellipse-tolerance-px``.
        type: The type of its value.
        default: The value where none is given.
        choices: The only values allowed; empty for any.
        help: What it does, one sentence.
    """

    name: str
    flag: str
    type: type[Any]
    default: Any
    choices: tuple[str, ...]
    help: str


def option(default: Any, help: str, *, choices: Sequence[str] = ()) -> Any:  # noqa: A002 -- as a caller reads it
    """A field of an options dataclass, with what its reader needs to know.

    Args:
        default: A bool, int, float or str; its type is the option's type.
        help: One sentence; units and ranges included.
        choices: The only values allowed.
    """
    metadata = {"help": help, "choices": tuple(choices)}
    return dataclasses.field(default=default, metadata=metadata)


def describe_options(target: Format | type[Format]) -> list[OptionInfo]:
    """The options of a format, in the order in which it declares them."""
    return [
        OptionInfo(
            name=field.name,
            flag="--" + field.name.replace("_", "-"),
            type=type(field.default),
            default=field.default,
            choices=field.metadata.get("choices", ()),
            help=field.metadata.get("help", ""),
        )
        for field in dataclasses.fields(target.options_type)
    ]
