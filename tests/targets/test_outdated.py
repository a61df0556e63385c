"""A rehearsal that has been overtaken: it says so, nobody signs by it, and it is done again."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from agencies import actions as agencies_actions
from agencies.access import Role
from agencies.models import Event
from reporting import actions as reporting_actions
from reporting.actions import WrongStatus
from reporting.models import EmissionFactor, RuleSet, StaleMark
from targets import actions, inputs, plan_library, proposals, refresh, rehearsal, restatements, review, tasks
from targets.models import Figure, Proposal, ProposalEffect, Restatement, Target
from tests.factories import DepartmentFactory, District, InstitutionFactory, entries, user_with

from .months import settle

pytestmark = pytest.mark.django_db
MARCH = date(2026, 3, 1)
QUANTITIES = {"110": 900, "120": 5, "102": 100, "103": 10}


@pytest.fixture
def district():
    """Two compared years, and a month of another institution that waits for review."""
    plan_library.load()
    district = District()
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=950)
    other = InstitutionFactory(parent=district.department)
    district.waiting = district.submitted(MARCH, QUANTITIES, other, user_with("filer", other))
    district.second = user_with("manager", district.bureau)
    refresh.refresh_all()
    return district


def resurvey(district, **changed):
    values = {
        "kind": "resurvey",
        "base_year": 2020,
        "applies_from": date(2025, 1, 1),
        "agency": district.institution,
        "reason": "复测",
        "document": "测绘报告1号",
        "floor_area_m2": 80,
    }
    return rehearsed(restatements.propose(restatements.Draft(**values | changed), by=district.manager))


def factor(district, value="0.5"):
    rule_set = RuleSet.objects.active().get()
    draft = Proposal(
        kind="factor",
        factor_set=rule_set.grid_factors,
        carrier="electricity",
        unit="kWh",
        data_year=rule_set.target_grid_year,
        kg_co2_per_unit=Decimal(value),
        mark="A",
        reason="新公布",
        document="公告",
    )
    return rehearsed(proposals.propose(draft, by=district.manager))


def rehearsed(change):
    rehearsal.rehearse(change)
    change.refresh_from_db()
    return change


def approve(district):
    reporting_actions.approve(district.waiting, by=district.reviewer)


def sign_another(district):
    settle(other := InstitutionFactory(parent=district.department), 2020)
    row = resurvey(district, agency=other)
    restatements.sign(row, by=district.reviewer)


def hand_down_another_target(district):
    target = Target.objects.get(plan_period__slug="15-5", indicator="kgce_per_m2")
    target.reduction_percent = 4
    actions.save_plan(target, by=district.manager)


def move(district):
    agencies_actions.move(
        district.institution, DepartmentFactory(parent=district.bureau), by=district.manager
    )


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (approve, "试算已过时（之后又通过了 1 个月报）"),
        (
            lambda district: settle(district.waiting.agency, 2025, [1, 2]),
            "试算已过时（之后又通过了 2 个月报，应报月份有变动）",
        ),
        (
            lambda district: proposals.activate(factor(district, "0.6"), by=district.second),
            "试算已过时（之后因子或系数有变动）",
        ),
        (lambda district: tasks.sweep_stale_marks(), ""),
        (hand_down_another_target, "试算已过时（之后规划期或目标有变动）"),
        (move, "试算已过时（之后名录有变动）"),
    ],
    ids=["approval", "import", "factor", "nothing", "target", "move"],
)
def test_what_happens_after_a_rehearsal_is_named(district, happens, sentence):
    change = resurvey(district)
    assert inputs.outdated(change) == ""
    happens(district)
    assert inputs.outdated(change) == sentence


def test_a_restatement_that_is_signed_meanwhile_overtakes_the_others(district):
    change = factor(district)
    sign_another(district)
    assert "已签署的基准调整" in inputs.outdated(change)


def test_another_rule_set_in_force_overtakes_what_was_rehearsed_under_the_last_one(district):
    change = resurvey(district)
    other = RuleSet.objects.exclude(pk=RuleSet.objects.active().get().pk).first()
    row = rehearsed(
        proposals.propose(
            Proposal(kind="rule-set", rule_set=other, reason="换口径", document="通知"), by=district.manager
        )
    )
    proposals.activate(row, by=district.second)
    assert inputs.outdated(change) == "试算已过时（之后现用口径有变动）"


def test_a_correction_that_is_written_anew_is_rehearsed_anew(district):
    approve(district)
    filer = district.waiting.agency.memberships.get(role=Role.FILER).user
    reporting_actions.open_correction(district.waiting, by=filer, reason="抄错")
    district.waiting.refresh_from_db()
    draft = Proposal(kind="correction", report=district.waiting, reason="影响多大", document="更正单")
    change = rehearsed(proposals.propose(draft, by=district.manager))
    assert inputs.outdated(change) == ""
    lines = entries(district.waiting, QUANTITIES | {"110": 800})
    reporting_actions.save_draft(district.waiting, lines, by=filer)
    change = Proposal.objects.get(pk=change.pk)
    assert inputs.outdated(change) == "试算已过时（之后更正的内容有变动）"


def test_nobody_signs_by_an_overtaken_list_until_it_is_made_anew(district):
    change = resurvey(district)
    approve(district)
    marks = StaleMark.objects.count()
    with pytest.raises(WrongStatus, match="之后又通过了 1 个月报"):
        restatements.sign(change, by=district.reviewer)
    change.refresh_from_db()
    assert (change.status, StaleMark.objects.count()) == ("proposed", marks)
    restatements.rehearse_again(change, by=district.manager)
    with pytest.raises(WrongStatus, match="尚未试算完毕"):
        restatements.sign(change, by=district.reviewer)
    tasks.rehearse_restatement(change.pk)
    restatements.sign(change, by=district.reviewer)
    change.refresh_from_db()
    assert change.status == "signed"


def test_nobody_activates_by_an_overtaken_list(district):
    change, factors = factor(district), EmissionFactor.objects.count()
    approve(district)
    with pytest.raises(WrongStatus, match="之后又通过了 1 个月报"):
        proposals.activate(change, by=district.second)
    assert EmissionFactor.objects.count() == factors
    proposals.rehearse_again(change, by=district.reviewer)
    tasks.rehearse_proposal(change.pk)
    proposals.activate(change, by=district.second)
    assert EmissionFactor.objects.count() == factors + 1


def test_whoever_looked_at_an_earlier_list_is_asked_to_look_again(district):
    change = resurvey(district)
    seen = review.version(change)
    approve(district)
    rehearsed(change)
    with pytest.raises(WrongStatus, match="重新试算过"):
        restatements.sign(change, by=district.reviewer, seen=seen)
    restatements.sign(change, by=district.reviewer, seen=review.version(change))


def test_the_sweep_makes_the_list_that_of_now_and_rehearses_nothing_twice(district):
    change, other = resurvey(district), factor(district)
    settle(district.institution, 2024, kwh=990)
    refresh.refresh_all()
    assert not change.effects.filter(year=2024).exists()
    tasks.sweep_rehearsals()
    made = [model.objects.get(pk=row.pk) for model, row in ((Restatement, change), (Proposal, other))]
    assert [inputs.outdated(row) for row in made] == ["", ""]
    tasks.sweep_rehearsals()
    again = [type(row).objects.get(pk=row.pk).rehearsed_at for row in made]
    assert again == [row.rehearsed_at for row in made]


def test_a_job_that_waited_for_another_computes_nothing_again(district):
    change = resurvey(district)
    effects = list(change.effects.order_by("pk").values_list("pk", flat=True))
    tasks.rehearse_restatement(change.pk)
    assert list(change.effects.order_by("pk").values_list("pk", flat=True)) == effects
    restatements.rehearse_again(change, by=district.manager)
    tasks.rehearse_restatement(change.pk)
    assert change.effects.count() == len(effects)
    assert not change.effects.filter(pk__in=effects).exists()


def test_the_list_that_is_signed_is_what_signing_then_makes(district):
    change = resurvey(district)
    approve(district)
    restatements.rehearse_again(change, by=district.manager)
    tasks.sweep_rehearsals()
    restatements.sign(change, by=district.reviewer)
    refresh.refresh_all()
    effect = change.effects.get(agency=district.institution, year=2025, column="kgce_per_m2")
    assert (
        effect.change_after == Figure.objects.get(agency=district.institution, year=2025).kgce_per_m2_change
    )


@pytest.mark.parametrize("made", [resurvey, factor])
def test_asking_again_leaves_one_trace_and_the_second_click_none(district, made):
    change = made(district)
    verbs = restatements if made is resurvey else proposals
    before = Event.objects.count()
    verbs.rehearse_again(change, by=district.reviewer)
    with pytest.raises(WrongStatus):
        verbs.rehearse_again(change, by=district.manager)
    event = Event.objects.latest("sequence")
    assert (Event.objects.count(), event.actor, event.detail) == (
        before + 1,
        district.reviewer,
        f"重新试算{change}",
    )


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MANAGER, Role.REVIEWER}))
@pytest.mark.parametrize("made", [resurvey, factor])
def test_no_other_role_has_it_rehearsed(client, district, made, role):
    change, user = made(district), user_with(role, district.bureau)
    verbs = restatements if made is resurvey else proposals
    with pytest.raises(PermissionDenied):
        verbs.rehearse_again(change, by=user)
    client.force_login(user)
    name = "restatement" if made is resurvey else "proposal"
    assert client.post(reverse(f"targets:{name}-rehearse", args=[change.pk])).status_code == 403
    assert client.get(reverse(f"targets:{name}-rehearse", args=[change.pk])).status_code == 405
    assert type(change).objects.get(pk=change.pk).rehearsed_at == change.rehearsed_at


@pytest.mark.both_databases
@pytest.mark.parametrize("made", [resurvey, factor])
@pytest.mark.parametrize("is_accepted", [True, False])
def test_the_database_keeps_the_effects_that_were_decided_by(district, made, is_accepted):
    change, waiting = made(district), resurvey(district, floor_area_m2=90)
    if not is_accepted:
        verbs = restatements if made is resurvey else proposals
        verbs.reject(change, by=district.second, note="不采用")
    elif made is resurvey:
        restatements.sign(change, by=district.reviewer)
    else:
        proposals.activate(change, by=district.second)
    effects = change.effects.all()
    owner = {"restatement" if made is resurvey else "proposal": change}
    for change_of in (
        lambda: effects.update(change_after=0.0),
        lambda: effects._raw_delete("default"),
        lambda: ProposalEffect.objects.create(**owner, name="补", year=2025, column="kgce_per_m2"),
        lambda: waiting.effects.update(**{"restatement": None} | owner),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change_of()
    assert rehearsal.rehearse(waiting) > 0


def test_the_page_says_that_the_list_is_overtaken_and_has_it_made_anew(client, district):
    change = resurvey(district)
    page = reverse("targets:restatement-detail", args=[change.pk])
    client.force_login(district.reviewer)
    assert "试算已过时" not in client.get(page).content.decode()
    approve(district)
    listed = client.get(reverse("targets:restatement-list")).content.decode()
    shown = client.get(page).content.decode()
    for text in (listed, shown):
        assert "试算已过时（之后又通过了 1 个月报）" in text
    assert 'value="accept"' not in shown
    decide = reverse("targets:restatement-decide", args=[change.pk])
    refused = client.post(decide, {"decision": "accept"}, follow=True).content.decode()
    assert "试算已过时（之后又通过了 1 个月报），请重新试算后再决定。" in refused
    address = reverse("targets:restatement-rehearse", args=[change.pk])
    assert address in shown
    assert "影响正在重新试算" in client.post(address, follow=True).content.decode()
    tasks.sweep_rehearsals()
    shown = client.get(page).content.decode()
    assert "试算已过时" not in shown
    seen = client.get(page).context["version"]
    assert f'name="seen" value="{seen}"' in shown
    client.post(decide, {"decision": "accept", "seen": seen})
    change.refresh_from_db()
    assert change.status == "signed"


def test_an_observer_sees_that_the_list_is_overtaken_and_no_button(client, district):
    change = factor(district)
    approve(district)
    client.force_login(district.observer)
    shown = client.get(reverse("targets:proposal-detail", args=[change.pk])).content.decode()
    assert "试算已过时" in shown
    assert "重新试算</button>" not in shown


def test_a_rehearsal_from_before_its_inputs_were_noted_counts_as_overtaken(district):
    change = resurvey(district)
    Restatement.objects.update(rehearsed_from={})
    change.refresh_from_db()
    assert inputs.outdated(change) == "试算已过时（没有记下试算的依据）"
