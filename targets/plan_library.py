"""Loads the plan periods and targets that are shipped; what the bureau has edited since stays."""

from pathlib import Path

from django.db import transaction

from reporting.shipped_rows import Counts, add

from .models import PlanPeriod, PlanTask, Register, RegisterField, Target, TaskMeasure

ROWS = Path(__file__).resolve().parent / "plan_rows"


@transaction.atomic
def load():
    counts = Counts()
    add(counts, PlanPeriod, ROWS / "plan_periods.csv", ("slug",), keeps_edits=True)
    links = {"plan_period": (PlanPeriod, "slug")}
    add(counts, Target, ROWS / "targets.csv", ("plan_period", "indicator"), links, keeps_edits=True)
    add(counts, Register, ROWS / "registers.csv", ("slug",), keeps_edits=True)
    registers = {"register": (Register, "slug")}
    add(
        counts, RegisterField, ROWS / "register_fields.csv", ("register", "code"), registers, keeps_edits=True
    )
    add(counts, PlanTask, ROWS / "tasks.csv", ("plan_period", "slug"), links, keeps_edits=True)
    tasks = {"task": (PlanTask, "slug")}
    add(counts, TaskMeasure, ROWS / "task_measures.csv", ("task", "position"), tasks, keeps_edits=True)
    return counts
