"""The plan for managers: periods with their targets, and quotas, each with its source document."""

from django.contrib import admin

from agencies.admin import Permitted

from . import actions
from .models import PlanPeriod, Quota, Target


class TargetInline(Permitted, admin.TabularInline):
    model = Target
    fields = ("indicator", "reduction_percent", "path", "document", "mark")
    extra = 0


@admin.register(PlanPeriod)
class PlanPeriodAdmin(Permitted, admin.ModelAdmin):
    list_display = ("name", "base_year", "end_year")
    inlines = (TargetInline,)

    def save_model(self, request, obj, form, change):
        actions.save_plan(obj, by=request.user)

    def save_formset(self, request, form, formset, change):
        for target in formset.save(commit=False):
            actions.save_plan(target, by=request.user)


@admin.register(Quota)
class QuotaAdmin(Permitted, admin.ModelAdmin):
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

    def save_model(self, request, obj, form, change):
        actions.save_plan(obj, by=request.user)
