"""What managers may look up: the calendar, the catalogue and the factor library. Nothing here is edited by hand."""

from django.contrib import admin

from agencies.admin import Permitted

from .models import Coefficient, Edition, EditionItem, EmissionFactor, Item, Period, RuleSet


class ReadOnly(Permitted):
    """Seen by managers, changed by nobody: the library is append-only and comes with the product."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class EditionItemInline(ReadOnly, admin.TabularInline):
    model = EditionItem
    fields = ("position", "item", "is_required")


@admin.register(Period)
class PeriodAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("month", "opens_on", "due_on", "closes_on")


@admin.register(Edition)
class EditionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("title", "valid_from", "document", "mark")
    inlines = (EditionItemInline,)


@admin.register(Item)
class ItemAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("code", "name", "unit", "section", "cost_code", "source", "mark")
    list_filter = ("section",)
    search_fields = ("code", "name")


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("title", "coefficient_set", "fuel_factors", "grid_factors", "target_grid_year", "mark")
    list_select_related = ("coefficient_set", "fuel_factors", "grid_factors")


@admin.register(Coefficient)
class CoefficientAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("coefficient_set", "carrier", "unit", "kgce_per_unit", "valid_from", "document", "mark")
    list_filter = ("coefficient_set", "carrier")
    list_select_related = ("coefficient_set",)


@admin.register(EmissionFactor)
class EmissionFactorAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "factor_set", "carrier", "unit", "kg_co2_per_unit", "region", "data_year", "published_on", "valid_from", "mark",
    )  # fmt: skip
    list_filter = ("factor_set", "carrier", "data_year")
    list_select_related = ("factor_set",)
