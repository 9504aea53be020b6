"""A conversion, as every process that does a part of it knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ls_tools.formats import implies_media
from ls_tools.output import (
    ClassMap,
    ClassScope,
    Items,
    MediaPlacer,
    MediaPlan,
    NamePlan,
    Output,
    SplitKeys,
    Splitter,
    Tally,
    TaskMedia,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ls_tools.formats import Format
    from ls_tools.label_config import LabelConfig
    from ls_tools.models import Task
    from ls_tools.output import Item, MediaPolicy, NameFacts, Split, Tree
    from ls_tools.output.items import Unlabeled
    from ls_tools.output.media import Fetch
    from ls_tools.output.split_table import SplitTable
    from ls_tools.pipeline.plan import Conversion
    from ls_tools.resolver import MediaRequest, Resolved
    from ls_tools.resolver.lazy import LazyResolver
    from ls_tools.selection import Selection
    from ls_tools.settings import Settings


class NamedTask(msgspec.Struct):
    """What naming media needs of a task."""

    id: int | str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One conversion, without what is open for it. It can be pickled.

    Attributes:
        plan: What to write.
        target: The format.
        options: Its options.
        selection: Which annotations count.
        config: The label config of all inputs.
        own_configs: The config of each.
        inputs: Names of the inputs where there are several.
        settings: For fetching media.
    """

    plan: Conversion
    target: Format
    options: Any
    selection: Selection
    config: LabelConfig
    own_configs: tuple[LabelConfig, ...]
    inputs: tuple[str, ...] = ()
    settings: Settings

    @property
    def media_policy(self) -> MediaPolicy:
        """What is done with media."""
        return "none" if self.plan.dry_run else self.media_asked

    @property
    def media_asked(self) -> MediaPolicy:
        """What would be done with media in earnest."""
        if not self.target.places_media:
            return "none"
        if self.plan.media is not None:
            return self.plan.media
        return "copy" if implies_media(self.plan.to) else "none"

    @property
    def media_of(self) -> TaskMedia:
        """Finds the media that the format places."""
        return TaskMedia(self.config, self.target.objects)

    def names(self, resolver: LazyResolver, facts: NameFacts | None = None) -> NamePlan:
        """The names of media; ``facts`` are what is known of all of them."""
        return NamePlan(resolver.parse, style=self.plan.names, facts=facts)

    def open_splitter(
        self,
        tree: Tree,
        tally: Tally,
        resolver: LazyResolver,
        settled: tuple[Split, SplitTable],
    ) -> Splitter:
        """What shares the tasks out.

        Args:
            tree: The output folder.
            tally: Where tasks are counted by split.
            resolver: Parses references.
            settled: How, and what is settled already.
        """
        objects = self.target.objects
        own_media = [TaskMedia.files(config, objects) for config in self.own_configs]
        split, table = settled
        keys = SplitKeys(
            lambda task: own_media[task.input](task), resolver.parse, by=split.by
        )
        return Splitter(split, keys, tree, tally, settled=table)

    def open_output(
        self, tree: Tree, tally: Tally, names: NamePlan, resolver: LazyResolver
    ) -> Output:
        """Where the format writes.

        Raises:
            UsageError: A file that tells classes cannot be used.
        """
        media = MediaPlacer(
            tree,
            names,
            tally,
            MediaPlan(
                policy=self.media_policy,
                fetch=self._fetcher(resolver),
                references_of=self.media_of
                if self.media_policy != "none"
                else _nothing,
                max_pixels=self.settings.bounds.image_pixels,
            ),
        )
        scope = ClassScope(
            tags=self.target.controls,
            objects=self.target.objects,
            ids=self.target.class_ids,
        )
        return Output(
            tree=tree,
            tally=tally,
            classes=ClassMap.build(self.config, scope, self.plan.classes, tally),
            names=names,
            media=media,
            clip=self.plan.clip,
            bounds=self.settings.bounds,
            selection=self.selection,
        )

    def items(self, tasks: Iterable[Task], output: Output) -> Items:
        """The items of tasks, for an output."""
        return Items(
            tasks,
            self.selection,
            output.tally,
            unlabeled=self._unlabeled,
            inputs=self.inputs,
            splitter=output.tree.splitter,
            prefetch=None if self.media_policy == "none" else output.media.prefetch,
        )

    def scan(self, tasks: Iterable[Task]) -> Iterator[Item]:
        """The items of tasks, to look ahead at."""
        items = Items(tasks, self.selection, Tally(), unlabeled=self._unlabeled)
        return items.scan()

    @property
    def _unlabeled(self) -> Unlabeled:
        if self.plan.include_unlabeled:
            return "all"
        return "untouched" if self.target.keeps_unlabeled else "leave-out"

    def _fetcher(self, resolver: LazyResolver) -> Fetch | None:
        """How references become files; what is linked to is pinned as well."""
        if not (self.target.places_media or self.target.reads_media):
            return None
        if self.media_policy != "symlink":
            return resolver.paths

        def fetch_and_pin(requests: Sequence[MediaRequest]) -> Sequence[Resolved]:
            found = resolver.paths(requests)
            for one in found:
                if one.error is None:
                    resolver.pin(one.reference, self.plan.out)
            return found

        return fetch_and_pin


def _nothing(task: Task) -> list[str]:
    del task
    return []
