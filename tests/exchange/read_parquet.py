# SPDX-License-Identifier: MIT
"""read_parquet.py WRITER - pyarrow and fastparquet read what WRITER wrote as Parquet, as it is in its lines of JSON. TAP;
skips without them (CLIPSEARCH_PYTHON names another Python)."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tap import Tap  # noqa: E402

other = os.environ.pop("CLIPSEARCH_PYTHON", None)
if other:
    os.execvp(other, [other, *sys.argv])
try:
    import fastparquet
    import pandas
    import pyarrow.parquet
except ImportError as missing:
    print(f"1..0 # SKIP {missing} (CLIPSEARCH_PYTHON names another Python)")
    sys.exit(0)

tap = Tap()
with tempfile.TemporaryDirectory() as work:
    subprocess.run([sys.argv[1], work], check=True)
    with open(f"{work}/items.jsonl") as lines:
        wanted = [json.loads(line) for line in lines]

    def same(rows):
        if len(rows) != len(wanted):
            return [f"{len(rows)} rows, not {len(wanted)}"]
        for row, line in zip(rows, wanted):
            row = {name: None if value is None or value is pandas.NA else value for name, value in row.items()}
            row["attributes"] = json.loads(row["attributes"])
            expected = {"path_b64": None, "hash": None, "gone": False, **line}
            if row != expected:
                return [row, expected]
        return []

    table = pyarrow.parquet.ParquetFile(f"{work}/items.parquet")
    tap.ok(table.metadata.num_row_groups > 1, "several groups of rows")
    wrong = same(table.read().to_pylist())
    tap.ok(not wrong, "pyarrow", wrong)
    frame = fastparquet.ParquetFile(f"{work}/items.parquet").to_pandas()
    wrong = same(frame.astype(object).where(frame.notna(), None).to_dict("records"))
    tap.ok(not wrong, "fastparquet", wrong)
sys.exit(tap.done())
