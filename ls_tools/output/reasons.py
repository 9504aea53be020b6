"""Reasons in the Report that formats of every kind give."""

NO_LABEL = "no label"
SECOND_LABEL = "second label dropped"
NOTE = "note dropped"
SCORE = "score dropped"


def not_expressible(what: str) -> str:
    """The reason for a region, or an answer beside one, that a format has no place for.

    Args:
        what: The tag of its control, and of its object where that is the cause.
    """
    return f"control not expressible: {what}"
