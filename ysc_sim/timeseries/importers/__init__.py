"""Files of other people's formats → one table on one even axis.

>>> ", ".join(sorted(importers()))
'area, csv, demand_long, demand_wide, denkiyoho, epw, jepx, jma, metpv11, metpv20, parquet, tmy2, tmy3'
"""

from ysc_sim.timeseries.importers.choose import import_file, importers
from ysc_sim.timeseries.importers.source import Options
from ysc_sim.timeseries.importers.table import TimeTable, write_table

__all__ = ["Options", "TimeTable", "import_file", "importers", "write_table"]
