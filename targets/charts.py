"""Figures as the pictures of pages: shapes in docs/pages.md. Reads stored figures, works none out.

A row is a Figure or a GroupFigure; `None` is unknown and stays a gap.
"""

from reporting.models.catalogue import Carrier

from .cards import KG_PER_TONNE, WHOLE_YEAR, months_known_in_words
from .indicators import MONTHS, QUANTITIES

INDEX_OF_BASE = 100
PATH_NOTE = "按各年与基准年相同月份的变化折算；空心点未满全年，取两年均有数据的部分。"
BOUNDS_NOTE = "实际值上的竖线为计入缺报后的可能范围。"
FORECAST_NOTE = "年末预测的竖线为预测区间。"


def path_chart(indicator, plan, year, rows, is_whole, forecast=None):
    """The indicator as an index of the base year: only so can part-years stand beside whole ones.

    rows: year → the row to show; is_whole: whether a row has all its months; forecast: Forecast of one of the years.
    """
    period, target = plan.period(year), plan.target(indicator, year)
    if period is None or not any(each in rows for each in period.years):
        return {}
    goal = target.reduction if target else None
    foreseen = {forecast.year: forecast} if forecast else {}
    points = [
        _path_point(indicator, target, rows.get(each), each, period, is_whole) | _foreseen(foreseen.get(each))
        for each in period.years
    ]
    return {
        "kind": "path",
        "title": f"{indicator.label}（{period.base_year}年=100%）",
        "unit": "%",
        "decimals": 2,
        "base_year": period.base_year,
        "base": INDEX_OF_BASE,
        "target_year": period.end_year,
        "target": _index(None if goal is None else -goal),
        "note": _path_note(points, goal),
        "value_label": f"当年值（{indicator.unit}）",
        "has_bounds": any(point["low"] is not None for point in points),
        "has_forecast": any(point["forecast"] is not None for point in points),
        "points": points,
    }


def _path_point(indicator, target, row, year, period, is_whole):
    is_base = year == period.base_year
    required = target.required(year) if target else None
    return {
        "year": year,
        "value": row.value(indicator) if row else None,
        "actual": None if row is None else INDEX_OF_BASE if is_base else _index(row.change(indicator)),
        "required": _index(None if required is None else -required),
        "provisional": row is not None and not is_base and not is_whole(row),
    } | _bounds(None if is_base else row, indicator)


def _bounds(row, indicator):
    """What missing months could still make of it; unknown where nothing is missing."""
    low, high = (None if row is None else row.measure(indicator, name) for name in ("low", "high"))
    is_open = low is not None and high is not None and high - low > 1e-12
    return {"low": _index(low), "high": _index(high)} if is_open else {"low": None, "high": None}


def _foreseen(forecast):
    columns = {"forecast": "value", "forecast_low": "low", "forecast_high": "high"}
    if forecast is None or not forecast.base:
        return dict.fromkeys(columns)
    values = {name: getattr(forecast, column) for name, column in columns.items()}
    return {
        name: None if value is None else INDEX_OF_BASE * value / forecast.base
        for name, value in values.items()
    }


def _path_note(points, goal):
    notes = [PATH_NOTE]
    if goal is None:
        notes.append("目标待下达，暂无要求路径。")
    if any(point["low"] is not None for point in points):
        notes.append(BOUNDS_NOTE)
    if any(point["forecast_low"] is not None for point in points):
        notes.append(FORECAST_NOTE)
    return "".join(notes)


def _index(change):
    return None if change is None else INDEX_OF_BASE * (1 + change)


def trend_chart(quantity, unit, this, last, year, scale=1):
    """Month by month, this year beside last; `this` and `last` are rows or None."""
    if this is None and last is None:
        return {}
    now, then = _monthly(quantity, this, scale), _monthly(quantity, last, scale)
    return {
        "kind": "trend",
        "unit": unit,
        "decimals": 2,
        "this_label": f"{year}年",
        "last_label": f"{year - 1}年",
        "points": [{"month": month + 1, "this": now[month], "last": then[month]} for month in range(MONTHS)],
    }


def trend_charts(this, last, year):
    """(quantity, title, chart) month by month; this, last: rows of an institution or of all of a group, or None."""
    quantities = (
        ("kgce", "综合能耗", "tce", KG_PER_TONNE),
        ("kg_co2_target", "碳排放（考核口径）", "tCO₂", KG_PER_TONNE),
        ("water_m3", "用水量", "m³", 1),
    )
    return [
        (name, title, trend_chart(name, unit, this, last, year, scale))
        for name, title, unit, scale in quantities
    ]


def _monthly(quantity, row, scale):
    if row is None:
        return [None] * MONTHS
    return [float(value) / scale for value in row.monthly[QUANTITIES.index(quantity)]]


def carbon_chart(rows, decimals, peaks=()):
    """Total carbon of each year on both bases. rows: of one node or institution, oldest first; peaks: PeakResult.

    Where a peak is tested, the years up to its deadline stand empty, so that the eye sees how far it is.
    """
    if not rows:
        return {}
    points = [_total(row, row.kg_co2_target) | _inventory(row) for row in rows]
    deadline = next((peak.deadline for peak in peaks), 0)
    ahead = [
        {"label": str(year), "value": None, "is_ahead": True}
        for year in range(rows[-1].year + 1, deadline + 1)
    ]
    chart = _totals("tCO₂", decimals, points + ahead) | {"series": "考核口径", "beside": "清单口径"}
    line = {"line_at": str(deadline), "line_label": f"{deadline}年达峰期限"}
    return chart | line if ahead else chart


def energy_chart(rows, decimals):
    """Total energy of each year."""
    if not rows:
        return {}
    return _totals("tce", decimals, [_total(row, row.kgce) for row in rows]) | {"series": "综合能耗"}


def _totals(unit, decimals, points):
    return {"kind": "bars", "unit": unit, "decimals": decimals, "category": "年份", "points": points}


def _total(row, kilograms):
    months = months_known_in_words(row)
    is_part = months != WHOLE_YEAR
    return {
        "label": f"{row.year}\n{months}" if is_part else str(row.year),
        "value": _tonnes(kilograms),
        "provisional": is_part,
    }


def _inventory(row):
    return {"beside": _tonnes(row.kg_co2_inventory), "beside_provisional": row.is_provisional}


def _tonnes(kilograms):
    return None if kilograms is None else kilograms / KG_PER_TONNE


def mix_chart(energy):
    """Energy by carrier beside the same months of the base year, most used first. energy: Decomposition or None.

    The shares are of the sums over the carriers; a carrier of which neither year used anything is left out.
    """
    if energy is None:
        return {}
    base, current = energy.kgce_by_carrier
    used = [
        (carrier, then, now)
        for carrier, then, now in zip(energy.carriers.split(","), base, current, strict=True)
        if then or now
    ]
    return {
        "kind": "bars",
        "unit": "tce",
        "decimals": 2,
        "horizontal": True,
        "category": "能源品种",
        "series": f"{energy.year}年",
        "beside": f"{energy.base_year}年",
        "has_shares": True,
        "points": [
            {
                "label": Carrier(carrier).label,
                "value": now / KG_PER_TONNE,
                "share": _share(now, current),
                "beside": then / KG_PER_TONNE,
                "beside_share": _share(then, base),
            }
            for carrier, then, now in sorted(used, key=lambda row: (-row[2], -row[1], row[0]))
        ],
    }


def _share(part, parts):
    whole = sum(parts)
    return part / whole if whole else None


def waterfall_chart(row):
    """How the effects add up to the change against the base year. row: Decomposition or None."""
    if row is None:
        return {}
    names = row._meta
    steps = [
        {"label": names.get_field(name).verbose_name, "value": effect, "effect": name}
        for name, effect, _ in row.effects
    ]
    return {
        "kind": "waterfall",
        "unit": row.unit,
        "decimals": row.decimals,
        "category": "因素",
        "series": f"较{row.base_year}年同月份",
        "total_label": "合计变化",
        "total": row.shown_value - row.shown_base,
        "points": steps,
    }
