from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ls_tools.output.distinct import DistinctNames


class CountedNames(set[str]):
    """A set that counts how often it is looked into."""

    looked = 0

    def __contains__(self, name: object) -> bool:
        self.looked += 1
        return super().__contains__(name)


@given(st.lists(st.sampled_from(["a", "a_2", "a_2_2", "b", ""])))
def test_no_name_is_given_twice_and_the_first_is_as_wanted(wanted: list[str]) -> None:
    names = DistinctNames(["b"])
    given_names = [names.give(name) for name in wanted]
    assert len({"b", *given_names}) == len(wanted) + 1
    assert given_names[:1] == ["b_2" if name == "b" else name for name in wanted[:1]]


def test_names_that_are_alike_cost_no_more_than_others() -> None:
    """The work is counted: going through all numbers again would be 500 times it."""
    names = DistinctNames(numbered="{} ({})")
    names.taken = looked_into = CountedNames()
    given_names = [names.give("{}") for _ in range(1000)]
    assert given_names[:2] == ["{}", "{} (2)"]
    assert given_names[-1] == "{} (1000)"
    assert looked_into.looked <= 3 * len(given_names)
