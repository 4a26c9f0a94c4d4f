"""EPW, TMY2 and TMY3 against pvlib's own reading of files that pvlib ships (TMY2: Miami; TMY3: Sand Point and
Greensboro) and of a made EPW: Anderson and others, Journal of Open Source Software 8(92), 5994, 2023."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pvlib
import pytest

from ysc_sim.timeseries.importers import Options, import_file

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
import importer_samples as samples

SHIPPED = Path(pvlib.__file__).parent / "data"


def test_tmy2_of_miami() -> None:
    data, meta = pvlib.iotools.read_tmy2(str(SHIPPED / "12839.tm2"))
    table = import_file(SHIPPED / "12839.tm2")
    assert table.kind == "tmy2"
    assert table.start == data.index[0].to_pydatetime()
    assert table.site.latitude_deg == meta["latitude"]
    np.testing.assert_array_equal(table.columns["ghi_w_per_m2"], data["GHI"])
    np.testing.assert_allclose(table.columns["temperature_c"], data["DryBulb"] / 10, rtol=1e-12)


@pytest.mark.parametrize("name", ["703165TY.csv", "723170TYA.CSV"])
def test_tmy3(name: str) -> None:
    data, meta = pvlib.iotools.read_tmy3(SHIPPED / name, coerce_year=2021, map_variables=True)
    table = import_file(SHIPPED / name, options=Options(year=2021))
    assert table.kind == "tmy3"
    assert table.site.longitude_deg == meta["longitude"]
    # pvlib labels an hour by its end, we by its start
    assert table.start == data.index[0].to_pydatetime() - timedelta(hours=1)
    for ours, theirs in (("ghi_w_per_m2", "ghi"), ("dni_w_per_m2", "dni"), ("temperature_c", "temp_air")):
        np.testing.assert_array_equal(table.columns[ours], data[theirs])


def test_epw(tmp_path: Path) -> None:
    path = tmp_path / "made.epw"
    path.write_text(samples.epw())
    data, meta = pvlib.iotools.read_epw(path)
    table = import_file(path)
    assert table.start == data.index[0].to_pydatetime()
    assert table.site.elevation_m == meta["altitude"]
    for ours, theirs in (("ghi_w_per_m2", "ghi"), ("dhi_w_per_m2", "dhi"), ("wind_m_per_s", "wind_speed")):
        np.testing.assert_array_equal(table.columns[ours], data[theirs])
