"""Whether the factor library still is what was loaded: a hash of each row, taken when it entered."""

import hashlib

from .models import Coefficient, EmissionFactor, FactorSeal, RuleSet

SEALED = (Coefficient, EmissionFactor, RuleSet)


def seal_new_rows():
    """Note the content of every row that has none noted yet."""
    for model in SEALED:
        known = set(_seals(model))
        fresh = [row for row in model.objects.all() if row.pk not in known]
        FactorSeal.objects.bulk_create(
            [FactorSeal(table=_table(model), row=row.pk, content_hash=_hash(row)) for row in fresh]
        )


def first_changed():
    """A sentence naming the first row that is not what was loaded, or that is gone or was slipped in, or None."""
    for model in SEALED:
        seals = _seals(model)
        for row in model.objects.order_by("pk"):
            if seals.pop(row.pk, None) != _hash(row):
                return f"{model._meta.verbose_name}“{row}”（编号 {row.pk}）与载入时的内容不符。"
        if seals:
            return f"{model._meta.verbose_name}编号 {min(seals)} 已不在库中。"
    return None


def _seals(model):
    return dict(FactorSeal.objects.filter(table=_table(model)).values_list("row", "content_hash"))


def _table(model):
    return model._meta.model_name


def _hash(row):
    facts = [f"{field.attname}={_word(getattr(row, field.attname))}" for field in row._meta.concrete_fields]
    return hashlib.sha256("|".join(facts).encode()).hexdigest()


def _word(value):
    """One text for a value on every database: decimals without trailing zeros."""
    return f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
