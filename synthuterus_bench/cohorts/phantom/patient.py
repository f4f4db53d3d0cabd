"""Drawing one examination of one patient, so that its picture lies inside its class."""

from collections.abc import Iterator
from dataclasses import replace

from synthuterus_bench.cohorts.phantom.anatomy import Anatomy, Pelvis, Uterus, draw_pelvis, draw_uterus
from synthuterus_bench.cohorts.phantom.deform import WARP_CORR_MM
from synthuterus_bench.cohorts.phantom.layout import Layout, clear_of_bone, make_layout
from synthuterus_bench.cohorts.phantom.lesions import draw_lesions
from synthuterus_bench.cohorts.phantom.noise import lattice
from synthuterus_bench.cohorts.phantom.presets import CENTRAL, Member
from synthuterus_bench.cohorts.phantom.render import Exam, place_of
from synthuterus_bench.cohorts.phantom.signal import draw_protocol, draw_signals
from synthuterus_bench.cohorts.phantom.state import State, draw_state
from synthuterus_bench.cohorts.phantom.truth import angles_at
from synthuterus_bench.errors import CohortError
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import Orientation

MARGIN_DEG = 5.0
"""How far inside its class every patient is, in each of her four central slices."""

_ATTEMPTS = 400


def draw_exam(member: Member, seed: int, session: int = 0) -> Exam:
    """Examination ``session`` of a member: the same patient on another day, with another scanner.

    Raises:
        CohortError: no day was found on which she lies inside her class.
    """
    patient, first = _patient(member, seed)
    anatomy = first if session == 0 else _day(member, seed, patient, session)
    lesions = draw_lesions(stream(seed, member.population, "lesions", member.index)) if member.priors.lesions else ()
    rng = stream(seed, member.population, "scanner", member.index, session)
    protocol = draw_protocol(rng, *member.priors.draw_scanner(rng))
    return Exam(replace(anatomy, lesions=lesions), make_layout(anatomy), protocol, draw_signals(rng, protocol))


_Patient = tuple[Uterus, Pelvis]


def _patient(member: Member, seed: int) -> tuple[_Patient, Anatomy]:
    """The first drawing of this patient that lies inside her class on her first day."""
    for attempt in range(_ATTEMPTS):
        rng = stream(seed, member.population, "patient", member.index, attempt)
        patient = draw_uterus(rng, member.orientation), draw_pelvis(rng, lattice(rng, WARP_CORR_MM, 2))
        anatomy = _anatomy(member.orientation, patient, draw_state(rng, lattice(rng, WARP_CORR_MM, 2)))
        if _inside(anatomy):
            return patient, anatomy
    raise _never(member, 0)


def _day(member: Member, seed: int, patient: _Patient, session: int) -> Anatomy:
    for attempt in range(_ATTEMPTS):
        rng = stream(seed, member.population, "day", member.index, session, attempt)
        anatomy = _anatomy(member.orientation, patient, draw_state(rng, lattice(rng, WARP_CORR_MM, 2)))
        if _inside(anatomy):
            return anatomy
    raise _never(member, session)


def _never(member: Member, session: int) -> CohortError:
    who = f"{member.population} patient {member.index}, examination {session}"
    return CohortError(f"{who}: found none of {_ATTEMPTS} drawings inside {member.orientation}, expected one")


def _anatomy(orientation: Orientation, patient: _Patient, state: State) -> Anatomy:
    uterus, pelvis = patient
    today = replace(
        uterus,
        version_deg=uterus.version_deg + state.version_shift,
        endometrium=uterus.endometrium * state.endometrium,
        junctional_zone=uterus.junctional_zone * state.junctional_zone,
    )
    return Anatomy(orientation, today, pelvis, state)


def _inside(anatomy: Anatomy) -> bool:
    layout = make_layout(anatomy)
    return clear_of_bone(layout) and all(found is anatomy.orientation for found in _seen(anatomy, layout))


def _seen(anatomy: Anatomy, layout: Layout) -> Iterator[Orientation]:
    for index in CENTRAL:
        yield angles_at(anatomy, layout, place_of(index)).orientation(MARGIN_DEG)
