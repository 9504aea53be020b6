"""HTTP: requests that are retried, downloads that are whole, rules that hold."""

from ls_tools.transport.transport import Answer, Transport

__all__ = ["Answer", "Transport"]
