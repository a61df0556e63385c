"""统一社会信用代码: the check of GB 32100-2015, and the older GB 11714 check inside it."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = [pow(3, position, 31) for position in range(17)]

_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2]

ORGANISATION_WARNING = "统一社会信用代码第9至17位（组织机构代码）校验不符。已保存，请核对证书原件。"


def check_character(first_17: str) -> str:
    """The 18th character that GB 32100-2015 derives from the first 17.

    Raises ValueError for a character outside the alphabet (no I, O, S, V, Z).
    """
    total = sum(ALPHABET.index(char) * weight for char, weight in zip(first_17, _WEIGHTS, strict=True))
    return ALPHABET[(31 - total) % 31]


def fault(code: str) -> str | None:
    """What is wrong with the code, as a sentence for the person who typed it; None when it is valid."""
    if len(code) != 18:
        return f"统一社会信用代码应为18位，现为{len(code)}位。"
    foreign = sorted(set(code) - set(ALPHABET))
    if foreign:
        return f"统一社会信用代码只能用数字和大写字母（不含 I、O、S、V、Z），不能有“{'、'.join(foreign)}”。"
    expected = check_character(code[:17])
    if code[17] != expected:
        return (
            f"统一社会信用代码校验位不符：按前17位应为“{expected}”，现为“{code[17]}”。请核对是否抄错或颠倒。"
        )
    return None


def has_organisation_check(code: str) -> bool:
    """Whether positions 9-17 pass GB 11714. Real codes exist that do not: a warning, never a refusal."""
    body, check = code[8:16], code[16]
    total = sum(
        _ORGANISATION_ALPHABET.index(char) * weight
        for char, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11] == check
