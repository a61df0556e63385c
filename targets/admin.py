"""The plan for managers: periods with their targets, and quotas, each with its source document."""

from django.contrib import admin

from agencies.admin import Permitted, RegisterAdmin

from . import actions
from .models import PlanPeriod, PlanTask, Quota, Register, RegisterField, Target, TaskMeasure


class StoredByAction(Permitted):
    """What is typed into a form and its rows goes through the verb."""

    def save_model(self, request, obj, form, change):
        actions.save_plan(obj, by=request.user)

    def save_formset(self, request, form, formset, change):
        for row in formset.save(commit=False):
            actions.save_plan(row, by=request.user)


class TargetInline(Permitted, admin.TabularInline):
    model = Target
    fields = ("indicator", "reduction_percent", "path", "document", "mark")
    extra = 0


@admin.register(PlanPeriod)
class PlanPeriodAdmin(StoredByAction, admin.ModelAdmin):
    list_display = ("name", "base_year", "end_year")
    inlines = (TargetInline,)


@admin.register(Quota)
class QuotaAdmin(StoredByAction, admin.ModelAdmin):
    list_display = (
        "type_code",
        "indicator",
        "constraint_value",
        "benchmark_value",
        "guide_value",
        "valid_from",
        "document",
    )
    list_filter = ("type_code", "indicator")


class MeasureInline(Permitted, admin.StackedInline):
    model = TaskMeasure
    extra = 0


@admin.register(PlanTask)
class PlanTaskAdmin(StoredByAction, RegisterAdmin):
    """The plan's tasks; formulas are read before they are stored (docs/plan.md has their words)."""

    list_display = ("number", "quote", "plan_period", "kind", "force", "filer", "is_scored")
    list_filter = ("plan_period", "chapter", "kind", "force")
    search_fields = ("number", "quote")
    inlines = (MeasureInline,)


class FieldInline(Permitted, admin.TabularInline):
    model = RegisterField
    extra = 0


@admin.register(Register)
class RegisterKindAdmin(StoredByAction, admin.ModelAdmin):
    """Which registers there are, and what each asks."""

    list_display = ("name", "slug", "kept_by", "is_yearly")
    inlines = (FieldInline,)
