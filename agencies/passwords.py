"""Rules for passwords, in words that people read."""

from django.contrib.auth.password_validation import MinimumLengthValidator


class LengthValidator(MinimumLengthValidator):
    """Django's own says “too short” in English: version 5.2 changed the sentence and lost its translation."""

    def get_error_message(self):
        return f"密码太短，至少要有 {self.min_length} 个字符。"
