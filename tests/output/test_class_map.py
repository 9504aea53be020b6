"""Class ids are the label config's, stay when labels come, and collide never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ls_tools.errors import UsageError
from ls_tools.label_config import Control, Label, LabelConfig, parse_label_config
from ls_tools.output import ClassMap, ClassPolicy, ClassScope, Tally
from ls_tools.output.class_map import ClassIds

BOXES = frozenset({"RectangleLabels", "Labels"})


def config(*labels: str, extra: str = "") -> LabelConfig:
    """Boxes labeled ``name`` or ``name=category``."""
    tags = "".join(
        f'<Label value="{name}"'
        + (f' category="{category}"' if category else "")
        + "/>"
        for name, _, category in (label.partition("=") for label in labels)
    )
    return parse_label_config(
        f'<View><Image name="i" value="$i"/>{extra}'
        f'<RectangleLabels name="r" toName="i">{tags}</RectangleLabels></View>'
    )


def build(
    source: LabelConfig,
    ids: ClassIds = "contiguous",
    policy: ClassPolicy | None = None,
    tally: Tally | None = None,
) -> ClassMap:
    scope = ClassScope(tags=BOXES, objects=frozenset({"Image"}), ids=ids)
    return ClassMap.build(source, scope, policy or ClassPolicy(), tally or Tally())


def warnings_of(tally: Tally) -> list[str]:
    return tally.report("x", files_written=0).warnings


@pytest.mark.parametrize("ids", ["contiguous", "category"])
def test_ids_follow_the_label_config(ids: ClassIds) -> None:
    classes = build(config("zebra", "ant"), ids)
    assert classes.entries() == [(0, "zebra"), (1, "ant")]


def test_a_label_added_at_the_end_renumbers_nothing() -> None:
    """F8."""
    before = build(config("zebra", "cat")).entries()
    assert build(config("zebra", "cat", "ant")).entries()[:2] == before


def test_alphabetical_order_comes_where_asked() -> None:
    policy = ClassPolicy(order="alphabetical")
    assert build(config("zebra", "ant"), policy=policy).names() == ["ant", "zebra"]


def test_choices_give_no_classes() -> None:
    """F7."""
    choices = (
        '<Choices name="c" toName="i"><Choice value="blurry"/></Choices>'
        '<Text name="t" value="$t"/>'
        '<Labels name="l" toName="t"><Label value="person"/></Labels>'
    )
    assert build(config("cat", extra=choices)).names() == ["cat"]


def test_category_is_the_id_where_ids_may_have_gaps() -> None:
    classes = build(config("a=5", "b=2", "c"), "category")
    assert classes.entries() == [(0, "c"), (2, "b"), (5, "a")]
    assert classes.index_of("a") == 5


def test_contiguous_ids_keep_the_order_of_the_categories() -> None:
    """F6: a line of classes.txt is always the class of that number."""
    classes = build(config("x=5", "y=2", "z=0", "w"))
    assert classes.entries() == [(0, "z"), (1, "y"), (2, "x"), (3, "w")]
    assert [classes.index_of(name) for name in classes.line_names()] == [0, 1, 2, 3]


def test_a_category_that_is_taken_is_reported() -> None:
    tally = Tally()
    classes = build(config("a=1", "b=1", "c=-4"), "category", tally=tally)
    assert classes.entries() == [(0, "b"), (1, "a"), (2, "c")]
    assert "'b'" in warnings_of(tally)[0]


def test_a_label_that_the_config_lacks_is_appended_and_reported() -> None:
    """F6: it used to take an id that was in use."""
    tally = Tally()
    classes = build(config("a=7", "b=2"), "category", tally=tally)
    assert classes.index_of("new") == 8
    assert classes.index_of("new") == 8
    assert classes.index_of("newer") == 9
    assert classes.entries()[-2:] == [(8, "new"), (9, "newer")]
    assert len(warnings_of(tally)) == 2


def test_one_label_of_two_controls_is_one_class() -> None:
    twice = '<Labels name="l" toName="i"><Label value="cat"/></Labels>'
    assert build(config("cat", "dog", extra=twice)).names() == ["cat", "dog"]


def test_a_format_without_classes_has_none() -> None:
    classes = build(config("cat"), "none")
    assert (len(classes), classes.names()) == (0, [])


def test_a_rename_of_a_label_that_is_there_gives_no_warning(tmp_path: Path) -> None:
    rename = tmp_path / "rename.json"
    rename.write_text('{"a": "b"}', "utf-8")
    tally = Tally()
    build(config("a"), policy=ClassPolicy(rename=rename), tally=tally)
    assert warnings_of(tally) == []


def test_an_alias_and_what_it_stands_for_are_one_class() -> None:
    label = Label(name="c", value="Cat")
    control = Control(name="r", tag="RectangleLabels", labels=(label,))
    classes = build(LabelConfig(controls={"r": control}))
    assert classes.index_of("c") == classes.index_of("Cat") == 0
    assert classes.names() == ["c"]


def test_pinned_classes_keep_their_ids(tmp_path: Path) -> None:
    pinned = tmp_path / "classes.txt"
    pinned.write_text("dog\ncat\n", "utf-8")
    tally = Tally()
    classes = build(
        config("cat", "new"), policy=ClassPolicy(pinned=pinned), tally=tally
    )
    assert classes.entries() == [(0, "dog"), (1, "cat"), (2, "new")]
    assert warnings_of(tally) == ["The classes file does not name 'new'."]


def test_a_pinned_class_that_the_config_lacks_is_known(tmp_path: Path) -> None:
    pinned = tmp_path / "classes.txt"
    pinned.write_text("dog\ncat\n", "utf-8")
    tally = Tally()
    classes = build(config("cat"), policy=ClassPolicy(pinned=pinned), tally=tally)
    assert classes.index_of("dog") == 0
    assert warnings_of(tally) == []


def test_pinned_ids_with_gaps_are_refused_where_ids_must_be_contiguous(
    tmp_path: Path,
) -> None:
    pinned = tmp_path / "classes.json"
    pinned.write_text('{"0": "dog", "4": "cat"}', "utf-8")
    policy = ClassPolicy(pinned=pinned)
    assert build(config("cat", "b"), "category", policy).entries() == [
        (0, "dog"),
        (1, "b"),
        (4, "cat"),
    ]
    with pytest.raises(UsageError, match="leaves out ids below 4"):
        build(config("cat"), policy=policy)


def test_labels_are_renamed_merged_and_dropped(tmp_path: Path) -> None:
    rename = tmp_path / "rename.json"
    rename.write_text(
        json.dumps({"car": "vehicle", "bus": "vehicle", "sky": None, "typo": "x"}),
        "utf-8",
    )
    tally = Tally()
    classes = build(
        config("sky", "bus", "cat", "car"),
        policy=ClassPolicy(rename=rename),
        tally=tally,
    )
    assert classes.names() == ["vehicle", "cat"]
    assert classes.index_of("car") == classes.index_of("bus") == 0
    assert classes.index_of("sky") is None
    assert classes.name_of("bus") == "vehicle"
    assert classes.name_of("sky") is None
    assert "'typo'" in warnings_of(tally)[0]


def test_renaming_is_simultaneous(tmp_path: Path) -> None:
    rename = tmp_path / "rename.csv"
    rename.write_text("a,b\nb,a\n", "utf-8")
    classes = build(config("a", "b"), policy=ClassPolicy(rename=rename))
    assert [classes.index_of(label) for label in "ab"] == [0, 1]
    assert classes.names() == ["b", "a"]


def test_a_line_break_in_a_label_corrupts_no_list_of_lines() -> None:
    """F31."""
    label = [
        Label(name=name, value=name) for name in ("a\nb", "a b", " a\tb ", "", "ok")
    ]
    control = Control(name="r", tag="RectangleLabels", labels=tuple(label))
    tally = Tally()
    classes = build(LabelConfig(controls={"r": control}), tally=tally)
    assert classes.line_names() == ["a b (2)", "a b", "a b (3)", "_", "ok"]
    assert classes.names()[0] == "a\nb"
    assert len(warnings_of(tally)) == 3


@given(names=st.lists(st.text(), unique=True, max_size=12))
def test_line_names_are_lines_and_distinct(names: list[str]) -> None:
    labels = tuple(Label(name=name, value=name) for name in names)
    control = Control(name="r", tag="RectangleLabels", labels=labels)
    classes = build(LabelConfig(controls={"r": control}))
    lines = classes.line_names()
    assert "".join(f"{line}\n" for line in lines).splitlines() == lines
    assert len(set(lines)) == len(lines) == len(classes)
    assert all(line.strip() == line != "" for line in lines)


def test_a_lone_surrogate_in_a_label_can_be_written() -> None:
    classes = build(config("a"))
    assert classes.index_of("x\ud800") == 1
    assert classes.names()[1].encode() == b"x?"


@given(
    labels=st.lists(
        st.tuples(
            st.text("abcde", min_size=1, max_size=2), st.integers(-1, 6) | st.none()
        ),
        max_size=8,
    ),
    met=st.lists(st.text("abcdefg", min_size=1, max_size=2), max_size=8),
    ids=st.sampled_from(["contiguous", "category"]),
    order=st.sampled_from(["config", "alphabetical"]),
)
def test_no_two_classes_share_an_id_or_a_name(
    labels: list[tuple[str, int | None]], met: list[str], ids: ClassIds, order: str
) -> None:
    tags = tuple(Label(name=n, value=n, category=c) for n, c in labels)
    control = Control(name="r", tag="RectangleLabels", labels=tags)
    policy = ClassPolicy(order=order)  # type: ignore[arg-type]  # one of the two
    classes = build(LabelConfig(controls={"r": control}), ids, policy)
    settled = classes.entries()
    for label in met:
        classes.index_of(label)
    entries = classes.entries()
    assert entries[: len(settled)] == settled or ids == "category"
    assert dict(settled).items() <= dict(entries).items()
    assert len({number for number, _ in entries}) == len(entries)
    assert {name for _, name in entries} == {n for n, _ in labels} | set(met)
    for number, name in entries:
        assert classes.index_of(name) == number
        assert classes.name_by_id(number) == name
    highest = max((number for number, _ in settled), default=-1)
    assert classes.entries_after(-1) == entries
    assert classes.entries_after(highest) == entries[len(settled) :]
    if ids == "contiguous":
        assert [number for number, _ in entries] == list(range(len(entries)))
