"""Solves the cases of ``cases.json`` with OpenDSS and writes ``answers.json``: node voltages in volts.

Run in an environment of its own: ``pip install -r requirements.txt && python solve.py``. The test
``tests/oracle/test_powerflow_opendss.py`` draws the same cases with ``Wiring`` and compares.
"""

import json
from pathlib import Path

from dss import DSS

HERE = Path(__file__).parent


def matrix(rows):
    return "(" + " | ".join(" ".join(f"{value!r}" for value in row) for row in rows) + ")"


def node(case, bus, conductor):
    if conductor is None:
        return 0
    return case["buses"][bus]["conductors"].index(conductor) + 1


def draw(case):
    """OpenDSS commands of a case."""
    source = case["source"]
    yield "clear"
    yield "set defaultbasefrequency=50"
    kv = source["volts"] * 3**0.5 / 1000
    stiff = "z1=[0 1e-9] z0=[0 1e-9] z2=[0 1e-9]"
    yield f"new circuit.case basekv={kv!r} pu=1 angle=0 phases=3 bus1={source['bus']} {stiff}"
    for k, line in enumerate(case["lines"]):
        nodes = ["".join(f".{node(case, bus, c)}" for c in line["conductors"]) for bus in line["buses"]]
        yield (
            f"new line.l{k} phases={len(line['conductors'])} bus1={line['buses'][0]}{nodes[0]} "
            f"bus2={line['buses'][1]}{nodes[1]} rmatrix={matrix(line['r_ohm'])} xmatrix={matrix(line['x_ohm'])} "
            f"cmatrix={matrix(line['c_nf'])} length=1 units=none"
        )
    for k, unit in enumerate(case["transformers"]):
        count = len(unit["windings"])
        buses = " ".join(
            f"{bus}.{node(case, bus, plus)}.{node(case, bus, minus)}" for bus, plus, minus, _ in unit["windings"]
        )
        kvs = " ".join(repr(volts / 1000) for *_, volts in unit["windings"])
        x = unit["x_percent"]
        reactances = f"xhl={x[0]!r}" + (f" xht={x[1]!r} xlt={x[2]!r}" if count == 3 else "")
        yield (
            f"new transformer.t{k} phases=1 windings={count} buses=[{buses}] kvs=[{kvs}] "
            f"kvas=[{' '.join([repr(unit['rated_kva'])] * count)}] %rs=[{' '.join(map(repr, unit['r_percent']))}] "
            f"{reactances} %noloadloss={unit['iron_percent']!r} %imag={unit['magnetising_percent']!r} ppm_antifloat=0"
        )
    for k, (bus, conductor, ohm) in enumerate(case["earths"]):
        yield f"new reactor.e{k} phases=1 bus1={bus}.{node(case, bus, conductor)} bus2={bus}.0 r={ohm!r} x=0"
    for k, (bus, plus, minus, kw, kvar, volts) in enumerate(case["loads"]):
        yield (
            f"new load.d{k} phases=1 conn=wye model=1 vminpu=0 vmaxpu=3 "
            f"bus1={bus}.{node(case, bus, plus)}.{node(case, bus, minus)} kv={volts / 1000!r} kw={-kw!r} kvar={-kvar!r}"
        )
    yield "set maxiterations=1000 tolerance=1e-12"
    yield "solve"


def main():
    answers = {"version": DSS.Version}
    for name, case in json.loads((HERE / "cases.json").read_text())["cases"].items():
        for command in draw(case):
            DSS.Text.Command = command
        circuit = DSS.ActiveCircuit
        assert circuit.Solution.Converged
        volts = list(circuit.YNodeVarray)
        answers[name] = {label.lower(): [volts[2 * k], volts[2 * k + 1]] for k, label in enumerate(circuit.YNodeOrder)}
    (HERE / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
