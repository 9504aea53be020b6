"""Cache keys: which references are the same file.

A key is made of the configured server's origin and prefix together with what the
reference names below it. Spellings of one file share a key: relative, absolute,
through an alias, percent-encoded or not, by the upload route or the storage proxy.
A bucket object has the same key as a bucket URI and as the server's resolve URL of
it, however it is fetched; the server counts, since it decides which endpoint the
bucket is on, and so does an endpoint or account of the settings. Other web addresses
are known by scheme, authority, path and query without the signature.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ls_tools.locator.values import Kind, Locator
    from ls_tools.origin import Origin

KEY_BITS = 160
_SERVERLESS: frozenset[Kind] = frozenset({"http", "path", "other"})


def cache_key(
    locator: Locator, origin: Origin | None, *, namespace: str = "", endpoint: str = ""
) -> str:
    """The cache key of ``locator``: 40 hexadecimal digits.

    Args:
        locator: What to key.
        origin: The configured server.
        namespace: Keeps principals apart that share one cache folder.
        endpoint: Of a bucket object, the URL of its store or account where the
            settings name one; it holds no space.
    """
    server = "" if origin is None or locator.kind in _SERVERLESS else str(origin)
    server = f"{server} {endpoint}" if endpoint else server
    text = f"{namespace}\n{server}\n{locator.identity}"
    digest = hashlib.blake2b(
        text.encode(errors="surrogatepass"), digest_size=KEY_BITS // 8
    )
    return digest.hexdigest()
