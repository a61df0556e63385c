"""Energy, carbon and intensities of a tidy file; nothing is stored."""

import csv
import json
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agencies import tables
from reporting.accounting import exact, rules
from reporting.models import Item


class Command(BaseCommand):
    help = "按口径核算一个文件（列：item,quantity[,unit]）的能耗与碳排放，不写入任何内容。"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--rules", default=settings.ACTIVE_RULE_SET, metavar="SLUG", help="核算口径")
        parser.add_argument(
            "--grid-year", type=int, metavar="Y", help="电网因子数据年份；不给时用口径的固定因子"
        )
        parser.add_argument("--json", action="store_true", help="输出一个 JSON 对象")

    def handle(self, *, file, grid_year, **options):
        try:
            loaded = rules.load(options["rules"])
            vintage = loaded.exactly(grid_year) if grid_year else loaded.target_vintage
            quantities = _read(file)
            result = exact.account(quantities, loaded.by_item, vintage.kg_co2_per_kwh, loaded.boundary)
        except ValueError as fault:
            raise CommandError(str(fault)) from fault
        except OSError as fault:
            raise CommandError(f"读不到文件 {file}：{fault.strerror}。") from fault
        report = _report(result, loaded, vintage, quantities)
        self.stdout.write(
            json.dumps(report, ensure_ascii=False, indent=2) if options["json"] else _words(report)
        )


def _read(path):
    """Item code → quantity. Raises ValueError naming row and column."""
    units = dict(Item.objects.values_list("code", "unit"))
    quantities = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"item", "quantity"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"第 1 行：缺少列 {'、'.join(sorted(missing))}；应有 item,quantity。")
        for number, row in enumerate(reader, start=2):
            code = (row["item"] or "").strip()
            if code not in units:
                raise ValueError(f"第 {number} 行 item：没有指标“{code}”；代码见 docs/glossary.md。")
            if code in quantities:
                raise ValueError(f"第 {number} 行 item：指标 {code} 重复出现。")
            _check_unit(number, code, (row.get("unit") or "").strip(), units)
            quantities[code] = _quantity(number, (row["quantity"] or "").strip())
    if not quantities:
        raise ValueError("文件只有表头，没有数据行。")
    return quantities


def _check_unit(number, code, unit, units):
    if unit and unit != units[code]:
        raise ValueError(f"第 {number} 行 unit：指标 {code} 的单位应为 {units[code]}，现为“{unit}”。")


def _quantity(number, text):
    value = tables.number(text)
    if value is None:
        raise ValueError(f"第 {number} 行 quantity：“{text}”不是 0 或正数（小数点用“.”，不带千分位和单位）。")
    return value


def _report(result, loaded, vintage, quantities):
    return {
        "rule_set": loaded.rule_set.slug,
        "grid_kg_co2_per_kwh": _plain(vintage.kg_co2_per_kwh),
        "grid_data_year": vintage.data_year,
        "kgce": _plain(result.kgce),
        "kgce_by_item": {code: _plain(value) for code, value in result.kgce_by_item.items()},
        "kgce_vehicle_fuel": _plain(result.kgce_vehicle_fuel),
        "kg_co2": _plain(result.kg_co2),
        "kg_co2_by_item": {code: _plain(value) for code, value in result.kg_co2_by_item.items()},
        **{name: _plain(value) for name, value in result.intensities.items()},
        "assumptions": [*_unsplit(quantities), *_without_factor(quantities, loaded.by_item)],
    }


def _without_factor(quantities, by_item):
    """Energy that counts no carbon because no factor is published for it."""
    return [
        f"{code} 没有碳排放因子，未计入碳排放"
        for code in quantities
        if quantities[code] and code in by_item and by_item[code].lacks_carbon_factor
    ]


def _unsplit(quantities):
    """Fuel totals that the file leaves unsplit, and how they were taken."""
    return [
        f"{total} 未拆分为 {'、'.join(parts)}，全部按车辆用油计"
        for total, parts in exact.FUEL_TOTALS.items()
        if quantities.get(total) and not any(part in quantities for part in parts)
    ]


def _plain(value):
    """Decimal as plain digits, unrounded, without an exponent or trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _words(report):
    lines = [
        f"口径 {report['rule_set']}，电网因子 {report['grid_kg_co2_per_kwh']} kgCO₂/kWh（{report['grid_data_year']}年）"
    ]
    for name, value in report.items():
        if isinstance(value, dict):
            lines += [f"  {name}[{code}] = {number}" for code, number in value.items()]
        elif name.startswith(("kg", "m3")):
            lines.append(f"{name} = {value}")
    return "\n".join([*lines, *(f"假定：{sentence}" for sentence in report["assumptions"])])
