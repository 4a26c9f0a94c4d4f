"""Tables in parquet files: the same data gives the same bytes, and nothing in a file is taken on trust.

Writer options are fixed and no pandas metadata is stored. A file is read only if its columns are the ones
that this version writes, of the right kinds, and if rows × columns stay below a cap: a few hundred kilobytes
of parquet can otherwise unfold to gigabytes. Text is read as a dictionary, so that one long string is held
once, not once per line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ysc_sim.errors import ResultError
from ysc_sim.results.columns import (
    BILL_COLUMNS,
    BUILDING_COLUMNS,
    COMMUNITY_COLUMNS,
    EVENT_COLUMNS,
    KEYS,
    NETWORK_DAY_COLUMNS,
    OUTAGE_COLUMNS,
    POWER_FLOW_COLUMNS,
    TRADE_COLUMNS,
)
from ysc_sim.results.tables import Columns, Text, rows_of

MOST_CELLS = 250_000_000
"""Rows × columns that are read unless a reader asks for more: 2 GB of numbers."""
MOST_NAMES = 1_000_000
ROWS, LONGEST_NAME = "rows", 200
"""The table whose columns are named by metrics and by keys of the scenario."""
TEXT = frozenset(
    column.name
    for columns in (KEYS, TRADE_COLUMNS, BILL_COLUMNS, EVENT_COLUMNS, OUTAGE_COLUMNS, NETWORK_DAY_COLUMNS)
    for column in columns
    if not column.unit and column.name not in ("time", "start", "quantity")
)
INSTANT = frozenset(("time", "start"))
WHOLE = frozenset(("row", "seed", "energy_mwh", "payment_mjpy", "amount_mjpy", "number", "start_bus", "end_bus"))
KNOWN = frozenset(
    column.name
    for columns in (
        KEYS,
        BUILDING_COLUMNS,
        COMMUNITY_COLUMNS,
        TRADE_COLUMNS,
        BILL_COLUMNS,
        EVENT_COLUMNS,
        OUTAGE_COLUMNS,
        POWER_FLOW_COLUMNS,
        NETWORK_DAY_COLUMNS,
    )
    for column in columns
)


def write_parquet(path: Path, chunks: Iterable[Columns], zone: str) -> int:
    """Write consecutive parts of a table, one row group each; returns the number of lines."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines, writer = 0, None
    try:
        for part in chunks:
            table = pa.table({name: _to_arrow(values, zone) for name, values in part.items()})
            if writer is None:
                writer = pq.ParquetWriter(
                    path,
                    table.schema,
                    compression="zstd",
                    compression_level=3,
                    version="2.6",
                    write_statistics=True,
                )
            writer.write_table(table, row_group_size=max(1, rows_of(part)))
            lines += rows_of(part)
    finally:
        if writer is not None:
            writer.close()
    return lines


def _to_arrow(values: Any, zone: str) -> Any:
    import pyarrow as pa

    if isinstance(values, Text):
        return pa.DictionaryArray.from_arrays(values.codes, pa.array(values.names, pa.string())).cast(pa.string())
    if values.dtype.kind == "M":
        return pa.array(values.astype(np.int64)).cast(pa.timestamp("ns", tz="UTC")).cast(pa.timestamp("ns", tz=zone))
    return pa.array(values)


def read_parquet(path: Path, most_cells: int = MOST_CELLS) -> Iterator[Columns]:
    """The row groups of a table that :func:`write_parquet` wrote. Raises ``ResultError`` otherwise."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        text = [name for name in pq.read_schema(path).names if name in TEXT]
        with pq.ParquetFile(path, read_dictionary=text, memory_map=False) as file:
            _check_size(path, file.metadata, most_cells)
            _check_schema(path, file.schema_arrow)
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, use_threads=False)
                yield {name: _from_arrow(path, name, table.column(name)) for name in table.column_names}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ResultError("result_damaged", path=str(path), reason=str(error).partition("\n")[0]) from None


def _check_size(path: Path, metadata: Any, most_cells: int) -> None:
    cells = metadata.num_rows * metadata.num_columns
    if cells > most_cells or metadata.num_row_groups > max(1_000, metadata.num_rows):
        raise ResultError("result_too_large", path=str(path), cells=cells, limit=most_cells)


def _check_schema(path: Path, schema: Any) -> None:
    """Names that are known, each once, each of its kind."""
    import pyarrow as pa

    if len(set(schema.names)) != len(schema.names):
        raise ResultError("result_column_wrong", path=str(path), column="")
    for field in schema:
        if field.name in TEXT:
            right = pa.types.is_dictionary(field.type) and pa.types.is_string(field.type.value_type)
        elif field.name in INSTANT:
            right = pa.types.is_timestamp(field.type) and field.type.unit == "ns" and field.type.tz is not None
        elif field.name in WHOLE:
            right = pa.types.is_int64(field.type)
        else:
            known = field.name in KNOWN or (path.stem == ROWS and len(field.name) <= LONGEST_NAME)
            right = known and pa.types.is_float64(field.type)
        if not right:
            raise ResultError("result_column_wrong", path=str(path), column=field.name)


def _from_arrow(path: Path, name: str, column: Any) -> Any:
    """One column of a row group as :class:`Text` or as a NumPy array. A null has no place in these files."""
    import pyarrow as pa

    if column.null_count:
        raise ResultError("result_column_wrong", path=str(path), column=name)
    if pa.types.is_dictionary(column.type):
        array = column.unify_dictionaries().combine_chunks()
        array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
        if len(array.dictionary) > MOST_NAMES:
            raise ResultError("result_column_wrong", path=str(path), column=name)
        codes = array.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        return Text(codes, tuple(array.dictionary.to_pylist()))
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64()).to_numpy().astype("datetime64[ns]")
    return column.to_numpy()
