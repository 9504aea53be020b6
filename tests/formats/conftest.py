from formats.flat_rig import flatten

__all__ = ["flatten"]
