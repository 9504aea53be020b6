"""Labeled data and its media, out of Label Studio."""
