"""Bills, meters, readings and equipment of the demo district; the scans are made here and show nothing real."""

import struct
import zlib
from datetime import date, timedelta
from decimal import Decimal

from agencies.models import Building, ChargingStation, DataRoom, PvPlant, User, Vehicle
from reporting import calendar, evidence_actions, register_actions, registered
from reporting.evidence_actions import Document, Proof
from reporting.findings import ELECTRICITY
from reporting.models import (
    ChargingReading,
    Item,
    Meter,
    MeterReading,
    PvReading,
    Report,
    RoomReading,
    VehicleMileage,
)

from .estate import SINCE
from .filing import last_month

LOSS = Decimal("0.97")
# One month of the demo is filed in the wrong unit on purpose; its meter is not.
LEAST = Decimal(9_000)


def fill():
    """What the demo's filer and the manager of the shared building would have entered for the newest months."""
    filer, manager = User.objects.get(username="tianbao"), User.objects.get(username="guanli")
    agency = filer.current_memberships[0].agency
    newest = last_month()
    _bills(agency, filer, newest)
    _equipment(agency, filer, newest)
    _own_meter(agency, filer, newest)
    _shared_building(manager, newest)


def _bills(agency, filer, newest):
    """An electricity bill over the last two months, a water bill of one, and a receipt that was replaced."""
    before = calendar.first_of_previous(newest)
    ending = calendar.first_of_next(newest) - timedelta(days=11)
    _attach(agency, filer, "电费账单", before + timedelta(days=9), ending, "110", "18240", "12038.40")
    _attach(
        agency,
        filer,
        "水费发票",
        newest,
        calendar.first_of_next(newest) - timedelta(days=1),
        "120",
        "386",
        "1505.4",
    )
    old = _attach(
        agency, filer, "加油卡对账单", before, newest - timedelta(days=1), "1501", "182.4", "1404.48"
    )
    document = _document("加油卡对账单（更正）", old.first_day, old.last_day, "1501", "188.6", "1452.22")
    evidence_actions.replace(old, document, by=filer, reason="原对账单漏了月末一次加油")


def _attach(agency, filer, name, first, last, code, quantity, cost):
    account = agency.electricity_accounts.first() if code == ELECTRICITY else None
    document = _document(name, first, last, code, quantity, cost, account.number if account else "")
    return evidence_actions.attach(agency, document, by=filer)


def _document(name, first, last, code, quantity, cost, account_number=""):
    is_pdf = code == "110"
    number = f"YS{last:%Y%m}{code}"
    return Document(
        content=pdf(f"SYNTHETIC BILL {number}") if is_pdf else png(number),
        file_name=f"{name}.{'pdf' if is_pdf else 'png'}",
        first_day=first,
        last_day=last,
        proofs=[Proof(Item.objects.get(pk=code), Decimal(quantity), Decimal(cost))],
        document_number=number,
        account_number=account_number,
    )


def _equipment(agency, filer, newest):
    """A data room with a year of readings, PV on the roof, charging in the yard, and what the cars drove."""
    room = DataRoom.objects.create(
        agency=agency, name="网络中心机房", area_m2=42, racks=6, installed_kw=24, in_use_from=SINCE
    )
    plant = PvPlant.objects.create(
        agency=agency, name="教学楼屋顶光伏", capacity_kw=60, in_use_from=date(2022, 1, 1)
    )
    station = ChargingStation.objects.create(
        agency=agency, name="校内充电桩", piles=4, in_use_from=date(2023, 9, 1)
    )
    for month in registered.year_of(newest):
        it_kwh = Decimal(1500 + 20 * month.month)
        values = {"it_kwh": it_kwh, "total_kwh": it_kwh + 600 + 15 * month.month, "cooling_kwh": None}
        register_actions.read(RoomReading, room, month, values, by=filer)
        kwh = {"kwh": Decimal(820 + 10 * month.month)}
        register_actions.read(ChargingReading, station, month, kwh, by=filer)
    values = {"generated_kwh": Decimal(3900), "self_used_kwh": Decimal(3510), "exported_kwh": Decimal(390)}
    register_actions.read(PvReading, plant, newest, values, by=filer)
    for number, car in enumerate(Vehicle.objects.filter(agency=agency)):
        values = {"kilometres": Decimal(900 + 137 * number)}
        register_actions.read(VehicleMileage, car, newest, values, by=filer)


def _own_meter(agency, filer, newest):
    building = Building.objects.filter(manager=agency).first()
    if building is None:
        return
    meter = Meter.objects.create(building=building, item_id="110", number="ZB-01", valid_from=SINCE)
    values = {"quantity": Decimal("13986.5"), "cost_yuan": Decimal("9231.09")}
    register_actions.read(MeterReading, meter, newest, values, by=filer)


def _shared_building(manager, newest):
    """The 集中办公区: one main meter, and a sub-meter of its last occupant, read by the bureau."""
    building = Building.objects.get(name__startswith="示例集中办公区")
    tenant = building.occupancies.select_related("agency").last().agency
    main = Meter.objects.create(building=building, item_id="110", number="ZB-1", valid_from=SINCE)
    sub = Meter.objects.create(
        building=building, item_id="110", number="FB-4", occupant=tenant, valid_from=SINCE
    )
    for month in (calendar.first_of_previous(newest), newest):
        filed = {
            report.agency_id: report.latest.lines.filter(item="110")
            .values_list("quantity", flat=True)
            .first()
            for report in Report.objects.filter(
                agency__occupancies__building=building, period__month=month, latest__isnull=False
            ).select_related("latest")
        }
        own = max(filed.get(tenant.pk) or 0, LEAST)
        others = sum(quantity or 0 for key, quantity in filed.items() if key != tenant.pk) or Decimal(60_000)
        total = (own + others).quantize(Decimal("0.01"))
        values = {"quantity": total, "cost_yuan": (total * Decimal("0.66")).quantize(Decimal("0.01"))}
        register_actions.read(MeterReading, main, month, values, by=manager)
        values = {"quantity": (own * LOSS).quantize(Decimal("0.01"))}
        register_actions.read(MeterReading, sub, month, values, by=manager)


def pdf(text):
    """A page of PDF with one line of (Latin) text."""
    drawing = f"BT /F 20 Tf 60 760 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj%b endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(places) + 1, table)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, len(content))
    return content + head + tail


def png(text, width=480, height=320):
    """A grey picture with bars made from the text, so that no two are the same."""
    bars = b"".join(bytes([255 - (sign % 16) * 6]) * (width // len(text)) for sign in text.encode())
    line = b"\x00" + bars.ljust(width, b"\xff")
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(line * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
