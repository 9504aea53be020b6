"""What every format shares: Report, items, classes, names, media, staging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ls_tools.lazy import importer

if TYPE_CHECKING:
    from ls_tools.output.class_map import DROPPED, ClassMap, ClassPolicy, ClassScope
    from ls_tools.output.destination import Output
    from ls_tools.output.items import Item, Items
    from ls_tools.output.media import MediaPlacer, MediaPlan, MediaPolicy, Placed
    from ls_tools.output.name_survey import NameFacts, NameSurvey
    from ls_tools.output.names import NamePlan, NameStyle
    from ls_tools.output.ownership import check_output
    from ls_tools.output.parts import Part
    from ls_tools.output.record_files import RecordFiles
    from ls_tools.output.report import Report
    from ls_tools.output.split import SPLITS, Split
    from ls_tools.output.split_files import settle
    from ls_tools.output.split_keys import SplitKeys
    from ls_tools.output.splits import Splitter
    from ls_tools.output.staging import stage
    from ls_tools.output.strata import ClassFinder, draw_by_class
    from ls_tools.output.streams import JSON_ARRAY, Layout, RecordStream
    from ls_tools.output.tally import Tally
    from ls_tools.output.task_media import TaskMedia
    from ls_tools.output.tree import Tree

__all__ = [
    "DROPPED",
    "JSON_ARRAY",
    "SPLITS",
    "ClassFinder",
    "ClassMap",
    "ClassPolicy",
    "ClassScope",
    "Item",
    "Items",
    "Layout",
    "MediaPlacer",
    "MediaPlan",
    "MediaPolicy",
    "NameFacts",
    "NamePlan",
    "NameStyle",
    "NameSurvey",
    "Output",
    "Part",
    "Placed",
    "RecordFiles",
    "RecordStream",
    "Report",
    "Split",
    "SplitKeys",
    "Splitter",
    "Tally",
    "TaskMedia",
    "Tree",
    "check_output",
    "draw_by_class",
    "settle",
    "stage",
]

_HOMES = {
    "ClassFinder": "strata",
    "ClassMap": "class_map",
    "ClassPolicy": "class_map",
    "ClassScope": "class_map",
    "DROPPED": "class_map",
    "Item": "items",
    "Items": "items",
    "JSON_ARRAY": "streams",
    "Layout": "streams",
    "MediaPlacer": "media",
    "MediaPlan": "media",
    "MediaPolicy": "media",
    "NameFacts": "name_survey",
    "NamePlan": "names",
    "NameStyle": "names",
    "NameSurvey": "name_survey",
    "Output": "destination",
    "Part": "parts",
    "Placed": "media",
    "RecordFiles": "record_files",
    "RecordStream": "streams",
    "Report": "report",
    "SPLITS": "split",
    "Split": "split",
    "SplitKeys": "split_keys",
    "Splitter": "splits",
    "Tally": "tally",
    "TaskMedia": "task_media",
    "Tree": "tree",
    "check_output": "ownership",
    "draw_by_class": "strata",
    "settle": "split_files",
    "stage": "staging",
}

# A process that does a part of a conversion needs no more than a half of this.
if not TYPE_CHECKING:  # to whom any name would be there
    __getattr__ = importer(__name__, _HOMES)
