"""The plan for managers: periods with their targets, each with its source document."""

from django.contrib import admin

from agencies.admin import Permitted

from . import actions
from .models import PlanPeriod, Target


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
