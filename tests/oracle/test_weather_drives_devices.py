"""A user's own weather year through a whole run, against pvlib's own chain on the same file.

Files: TMY3 of Greensboro and TMY2 of Miami as pvlib ships them. K. S. Anderson et al., "pvlib python: 2023 project
update", J. Open Source Software 8(92), 5994, 2023; D. G. Erbs et al., Solar Energy 28(4), 1982, 293-302.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

import ysc_sim as ysc
from ysc_sim.timeseries.importers import import_file, write_table

SHIPPED = Path(pvlib.__file__).parent / "data"
GREENSBORO = SHIPPED / "723170TYA.CSV"
SCENARIO = """
format: 1
time: {{start: {start}, days: {days}, step_s: {step_s}, tz: Etc/GMT+5}}
site: {{latitude_deg: 36.1, longitude_deg: -79.95, weather: file, weather_file: {file}}}
buildings:
  - id: a
    profile: office
    devices:
      - {{kind: solar, rated_kw: 1, tilt_deg: 25, azimuth_deg: 200}}
      - {{kind: wind, turbine: cf20, hub_height_m: 20}}
"""


@pytest.fixture(scope="module")
def theirs() -> pd.DataFrame:
    """pvlib's reading, labelled by starts of hours, with what pvlib makes of it."""
    data, meta = pvlib.iotools.read_tmy3(GREENSBORO, coerce_year=2021, map_variables=True)
    data.index = data.index - pd.Timedelta(hours=1)
    sun = pvlib.solarposition.get_solarposition(
        data.index + pd.Timedelta(minutes=30), meta["latitude"], meta["longitude"]
    )
    data["zenith"], data["azimuth"] = sun["apparent_zenith"].to_numpy(), sun["azimuth"].to_numpy()
    return data


def pv_kw(data: pd.DataFrame, dni: np.ndarray, dhi: np.ndarray) -> np.ndarray:
    """pvlib's chain for 1 kW: Hay and Davies, glass, Sandia's cell temperature, PVWatts; national method's losses."""
    outside = pvlib.irradiance.get_extra_radiation(data.index)
    sky = pvlib.irradiance.get_total_irradiance(
        25, 200, data["zenith"], data["azimuth"], dni, data["ghi"], dhi, outside, albedo=0.2, model="haydavies"
    )  # fmt: skip
    angle = pvlib.irradiance.aoi(25, 200, data["zenith"], data["azimuth"])
    effective = sky["poa_direct"] * pvlib.iam.physical(angle).fillna(0.0) + sky["poa_diffuse"]
    cell = pvlib.temperature.sapm_cell(sky["poa_global"], data["temp_air"], data["wind_speed"], -2.98, -0.0471, 1.0)
    dc = pvlib.pvsystem.pvwatts_dc(effective, cell, 1.0, -0.0041) * 0.96 * 0.94 * 0.97
    ac = pvlib.inverter.pvwatts(dc.fillna(0.0), 1.0 / 0.96, eta_inv_nom=0.96)
    return np.minimum(np.maximum(np.nan_to_num(ac), 0.0), 0.95)  # power factor on the inverter's kVA


def run(folder: Path, **how: object) -> pd.DataFrame:
    said = {"start": "2021-01-01T00:00", "days": 365, "step_s": 3600, "file": "site.csv", **how}
    path = folder / "scenario.yaml"
    path.write_text(SCENARIO.format(**said), encoding="utf-8")
    return ysc.run(ysc.load_scenario(path)).frame("buildings")


def test_a_year_of_sun_is_that_of_pvlib(tmp_path: Path, theirs: pd.DataFrame) -> None:
    shutil.copy(GREENSBORO, tmp_path / "site.csv")
    mine = run(tmp_path)["pv_kwh"].to_numpy()
    expected = pv_kw(theirs, theirs["dni"].to_numpy(), theirs["dhi"].to_numpy())
    assert mine.sum() == pytest.approx(expected.sum(), rel=0.002)
    assert 1000 < mine.sum() < 1500
    high = theirs["zenith"].to_numpy() < 85
    np.testing.assert_allclose(mine[high], expected[high], atol=0.002)


def test_finer_steps_keep_the_energy(tmp_path: Path) -> None:
    shutil.copy(GREENSBORO, tmp_path / "site.csv")
    coarse = run(tmp_path, start="2021-06-01T00:00", days=3)
    fine = run(tmp_path, start="2021-06-01T00:00", days=3, step_s=300)
    for name in ("pv_kwh", "wind_kwh"):
        hours = fine[name].to_numpy().reshape(72, -1).sum(axis=1)
        np.testing.assert_allclose(hours, coarse[name], atol=1e-9)


def test_global_radiation_alone_is_split_by_erbs(tmp_path: Path, theirs: pd.DataFrame) -> None:
    table = import_file(GREENSBORO)
    for left_out in ("dni_w_per_m2", "dhi_w_per_m2"):
        table.columns.pop(left_out)  # type: ignore[attr-defined]
    write_table(table, tmp_path / "site.csv")
    mine = run(tmp_path)["pv_kwh"].to_numpy()
    parts = pvlib.irradiance.erbs(theirs["ghi"], theirs["zenith"], theirs.index)
    expected = pv_kw(theirs, parts["dni"].to_numpy(), parts["dhi"].to_numpy())
    assert mine.sum() == pytest.approx(expected.sum(), rel=0.005)
    high = theirs["zenith"].to_numpy() < 80
    np.testing.assert_allclose(mine[high], expected[high], atol=0.003)


def test_wind_of_the_file_turns_the_turbine(tmp_path: Path, theirs: pd.DataFrame) -> None:
    """Power law from 10 m to the hub, density of the file's pressure and temperature, the turbine's curve."""
    from ysc_sim.devices.wind import curve_of

    shutil.copy(GREENSBORO, tmp_path / "site.csv")
    mine = run(tmp_path)["wind_kwh"].to_numpy()
    speed = theirs["wind_speed"].to_numpy() * 2.0**0.2
    density = theirs["pressure"].to_numpy() * 100 / (287.055 * (theirs["temp_air"].to_numpy() + 273.15))
    equal = speed * (density / 1.225) ** np.interp(speed, [7.5, 12.5], [1 / 3, 2 / 3])
    np.testing.assert_allclose(mine, curve_of("cf20").power_kw(equal), rtol=2e-3, atol=2e-3)
