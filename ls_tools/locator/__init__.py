"""What a value of task data refers to: pure parsing, no I/O, no settings."""

from ls_tools.locator.cloud import StoreKind, store_kind
from ls_tools.locator.grammar import parse_reference
from ls_tools.locator.keys import cache_key
from ls_tools.locator.names import safe_file_name
from ls_tools.locator.search import iter_references, looks_like_reference
from ls_tools.locator.values import Kind, Locator

__all__ = [
    "Kind",
    "Locator",
    "StoreKind",
    "cache_key",
    "iter_references",
    "looks_like_reference",
    "parse_reference",
    "safe_file_name",
    "store_kind",
]
