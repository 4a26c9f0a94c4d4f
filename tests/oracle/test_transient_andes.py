"""One machine after a load step, as ANDES 2.0.0 has it (tools/oracles/andes): GENCLS with TGOV1, constant power.

H. Cui, F. Li, K. Tomsovic, Hybrid symbolic-numeric framework for power system modeling and analysis, IEEE Trans. Power
Systems 36 (2021) 1373-1384. The first case is the published one: H 4 s, R 0.05, T1 0.1, T2 0, T3 0.5, +0.10 pu at
50 Hz: nadir 49.60675 Hz at 1.030 s, settling 49.75000 Hz.
"""

import json
from pathlib import Path

import pytest

from ysc_sim.resilience import FrequencyResponse, Outcome, Source, frequency_response

TOLD = json.loads((Path(__file__).parent / "data" / "andes_transients.json").read_text(encoding="utf-8"))


def respond(case: dict[str, float]) -> FrequencyResponse:
    base = TOLD["base_kw"]
    names = ("inertia_s", "droop_pu", "damping_pu", "t1_s", "t2_s", "t3_s")
    powers = {f"{name}_kw": case[name] * base for name in ("p", "p_min", "p_max")}
    source = Source(rated_kva=base, **{name: case[name] for name in names}, **powers)
    return frequency_response(case["step"] * base, [source], collapse_hz=40, rise_hz=60)


@pytest.mark.parametrize("answer", TOLD["answers"], ids=range(len(TOLD["answers"])))
def test_a_machine_answers_as_in_andes(answer: dict[str, object]) -> None:
    case = answer["case"]
    assert isinstance(case, dict)
    found = respond(case)
    assert found.nadir_hz[0] == pytest.approx(answer["extreme_hz"], abs=1e-4)
    # Andes stood on steps of 5 ms, and felt the load one of them later.
    assert found.nadir_s[0] == pytest.approx(answer["extreme_s"], abs=0.0055)
    if found.outcome[0] == Outcome.SETTLED:
        assert found.settling_hz[0] == pytest.approx(answer["end_hz"], abs=0.0101)


def test_the_published_case_to_the_last_digit_given() -> None:
    found = respond(TOLD["answers"][0]["case"])
    assert found.nadir_hz[0] == pytest.approx(49.60675, abs=1e-5)
    assert found.nadir_s[0] == pytest.approx(1.030, abs=5e-4)
    assert found.settling_hz[0] == pytest.approx(49.75, abs=1e-9)
    assert found.rocof_hz_per_s[0] == pytest.approx(-0.625)
