"""The register as a table: read whole and checked before anything is written, then entered from the bureau down."""

from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import cached_property
from simple_history.utils import bulk_create_with_history

from . import actions, credit_code, trail
from .models import Agency, AgencyKind, AgencyType
from .models.trail import Verb
from .tables import FIRST_ROW, Problem, Unreadable

REQUIRED_COLUMNS = (
    "key",
    "credit_code",
    "name",
    "kind",
    "type_code",
    "parent",
    "is_party_government_organ",
    "street",
    "registered_from",
)
OPTIONAL_COLUMNS = ("registered_to",)
TEXT_COLUMNS = ("key", "credit_code", "name", "street")
YES_OR_NO = {"是": True, "1": True, "true": True, "否": False, "0": False, "false": False, "": False}
PATH_LENGTH = Agency._meta.get_field("path").max_length
BATCH = 500


@dataclass
class Reading:
    """What a file asks for: agencies to enter (parents first) and to change, and how many stand already as told."""

    new: list[Agency] = field(default_factory=list)
    changed: list[tuple[Agency, list[str]]] = field(default_factory=list)
    unchanged: int = 0
    warnings: list[str] = field(default_factory=list)

    def __str__(self):
        return f"新增 {len(self.new)}，变更 {len(self.changed)}，未变 {self.unchanged}"


def read(rows, *, may_change=False):
    """Check rows (dicts of texts by column) against each other and the register.

    Raises Unreadable, with every problem found, where a value is not accepted or a registered agency
    differs and `may_change` is not set.
    """
    return _Reader(may_change).read(rows)


@transaction.atomic
def enter(reading, *, by=None):
    """Write what was read. New agencies enter level by level, because a child needs its parent's id."""
    actions.permit(by, "edit_register")
    # Before the trail's head, as single changes of the register do: so nobody waits in a circle.
    actions.lock_tree()
    levels = {}
    for agency in reading.new:
        levels.setdefault(agency.path.count("/"), []).append(agency)
    for level in sorted(levels):
        bulk_create_with_history(levels[level], Agency, batch_size=BATCH, default_user=by)
    trail.record_many(
        [trail.event(Verb.REGISTER, by, agency, detail=f"新登记机构 {agency}") for agency in reading.new]
    )
    for agency, _ in reading.changed:
        agency.parent = agency.parent  # It may have got its id only now.
        actions.register_agency(agency, by=by)


class _Reader:
    def __init__(self, may_change):
        self.may_change = may_change
        self.registered = {agency.key: agency for agency in Agency.objects.select_related("parent")}
        self.listed = {}
        self.parents = {}
        self.numbers = {}
        self.problems = []

    def read(self, rows):
        for number, row in enumerate(rows, start=FIRST_ROW):
            if any(row.values()):
                self._read_row(number, row)
        self._place_all()
        if self.problems:
            raise Unreadable(self.problems)
        reading = self._sorted_out()
        if self.problems:
            raise Unreadable(self.problems)
        return reading

    def _read_row(self, number, row):
        key = row["key"]
        if key in self.listed:
            self._refuse(number, "key", f"机构编码“{key}”与第 {self.numbers[key]} 行重复。")
            return
        agency = self._agency(number, row)
        self._check_texts(number, agency)
        self._check_days(number, agency)
        self.listed[key], self.parents[key], self.numbers[key] = agency, row["parent"], number

    def _agency(self, number, row):
        """The agency as the row describes it, without its place in the tree."""
        ends = row.get("registered_to")
        agency = Agency(
            **{column: row[column] for column in TEXT_COLUMNS},
            kind=self._choice(number, "kind", row, AgencyKind),
            type_code=self._choice(number, "type_code", row, AgencyType),
            is_party_government_organ=self._yes_or_no(number, row),
            registered_from=self._day(number, "registered_from", row),
            registered_to=self._day(number, "registered_to", row) if ends else None,
        )
        stored = self.registered.get(agency.key)
        if stored:
            agency.pk, agency.is_synthetic, agency._state.adding = stored.pk, stored.is_synthetic, False
        return agency

    def _choice(self, number, column, row, choices):
        """A code, its Chinese word, or a code whose leading zero a spreadsheet has dropped."""
        text = row[column]
        for value, label in choices.choices:
            if text in (value, label) or (text and text == value.lstrip("0")):
                return value
        accepted = "、".join(f"{value}（{label}）" for value, label in choices.choices)
        self._refuse(number, column, f"“{text}”不在可选值中，应为 {accepted}。")
        return ""

    def _yes_or_no(self, number, row):
        text = row["is_party_government_organ"]
        if text.lower() not in YES_OR_NO:
            self._refuse(number, "is_party_government_organ", f"“{text}”应为“是”或“否”（也可写 1 或 0）。")
        return YES_OR_NO.get(text.lower(), False)

    def _day(self, number, column, row):
        try:
            return date(*(int(part) for part in row[column].replace("/", "-").split("-")))
        except (TypeError, ValueError):
            self._refuse(number, column, f"“{row[column]}”不是日期，应如 2020-01-31。")
            return None

    def _check_texts(self, number, agency):
        for name in TEXT_COLUMNS:
            column = agency._meta.get_field(name)
            value = getattr(agency, name)
            try:
                column.clean(value, agency)
            except ValidationError as error:
                self._refuse(number, name, f"“{value}”：{''.join(error.messages)}" if value else "不能为空。")

    def _check_days(self, number, agency):
        first, last = agency.registered_from, agency.registered_to
        if first and last and last < first:
            self._refuse(number, "registered_to", f"{last} 早于纳入名录日期 {first}。")

    def _place_all(self):
        for key in self.listed:
            self._check_parent(key)
            self._check_children(key)
        if self.problems:
            return
        for key, agency in self.listed.items():
            agency.path = self._path(key)
            if len(agency.path) > PATH_LENGTH:
                self._refuse(self.numbers[key], "parent", "层级过深，请选择层级较高的主管单位。")

    def _check_children(self, key):
        """An agency that others stand below cannot turn into an institution; those in the file speak for themselves."""
        if self.listed[key].is_institution and key in self.keys_above:
            self._refuse(self.numbers[key], "kind", "本机构在名录中有下属机构，不能改为公共机构。")

    @cached_property
    def keys_above(self):
        """Keys that registered agencies outside the file have as their parent."""
        outside = (agency for key, agency in self.registered.items() if key not in self.listed)
        return {agency.parent.key for agency in outside if agency.parent}

    def _check_parent(self, key):
        agency, number, parent_key = self.listed[key], self.numbers[key], self.parents[key]
        if not parent_key:
            if agency.kind and agency.kind != AgencyKind.BUREAU:
                self._refuse(
                    number, "parent", "不能为空：除机关事务管理局外，每个机构都要写主管单位的机构编码。"
                )
            return
        parent = self.listed.get(parent_key) or self.registered.get(parent_key)
        if parent is None:
            self._refuse(number, "parent", f"文件和名录中都没有机构“{parent_key}”，应为主管单位的机构编码。")
        elif parent.is_institution:
            self._refuse(
                number, "parent", f"“{parent}”是公共机构，只有主管部门和机关事务管理局可作主管单位。"
            )
        elif self._is_in_circle(key):
            self._refuse(number, "parent", f"“{parent}”是本机构或其下属，不能作主管单位。")
        else:
            agency.parent = parent

    def _parent_key(self, key):
        if key in self.parents:
            return self.parents[key]
        stored = self.registered.get(key)
        return stored.parent.key if stored and stored.parent else ""

    def _ancestors(self, key):
        """Keys upwards from the parent; ends where a key comes again."""
        seen = []
        above = self._parent_key(key)
        while above and above not in seen:
            seen.append(above)
            above = self._parent_key(above)
        return seen

    def _is_in_circle(self, key):
        return key in self._ancestors(key)

    def _path(self, key):
        return "".join(f"{above}/" for above in [*reversed(self._ancestors(key)), key])

    def _sorted_out(self):
        reading = Reading()
        for key, agency in self.listed.items():
            stored = self.registered.get(key)
            changes = actions.changes_between(stored, agency) if stored else []
            if stored is None:
                reading.new.append(agency)
            elif not changes:
                reading.unchanged += 1
            elif self.may_change:
                reading.changed.append((agency, changes))
            else:
                self._refuse(
                    self.numbers[key],
                    "key",
                    f"机构“{key}”已登记且内容不同（{'；'.join(changes)}）。更改请加 --update。",
                )
            self._warn(agency, reading)
        reading.new.sort(key=lambda agency: agency.path.count("/"))
        reading.changed.sort(key=lambda pair: pair[0].path.count("/"))
        return reading

    def _warn(self, agency, reading):
        code = agency.credit_code
        if code and not credit_code.has_organisation_check(code):
            sentence = f"{code} 第9至17位（组织机构代码）校验不符，请核对证书原件。"
            reading.warnings.append(str(Problem(self.numbers[agency.key], "credit_code", sentence)))

    def _refuse(self, number, column, sentence):
        self.problems.append(Problem(number, column, sentence))
