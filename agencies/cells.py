"""Text on its way into a spreadsheet: nothing that somebody typed may become a formula there.

Rule: OWASP ASVS 5.0.0, 1.2.10; full-width signs and the line feed are our own addition.
"""

TRIGGERS = frozenset("=+-@＝＋－＠\t\r\n\0")


def harmless(text):
    """The text as a cell may hold it: leading spaces gone, and a single quote before what would start a formula.

    Numbers go past this function: a negative number stays a number.
    """
    trimmed = str(text).lstrip(" \u3000")
    return f"'{trimmed}" if trimmed[:1] in TRIGGERS and trimmed else trimmed
