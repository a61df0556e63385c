"""What a person reads when a password is refused."""

import pytest
from django.core.exceptions import ValidationError

from agencies.passwords import LengthValidator


def test_a_short_password_is_refused_in_chinese():
    with pytest.raises(ValidationError) as refused:
        LengthValidator(10).validate("123456789")

    assert refused.value.messages == ["密码太短，至少要有 10 个字符。"]


def test_a_long_enough_password_passes():
    LengthValidator(10).validate("1234567890")
