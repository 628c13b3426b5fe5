#!/usr/bin/env python3
"""faiss-cpu's HNSW as the reference of `cargo bench -p vecperf-engines -- BASE QUERIES --faiss PYTHON`.

    python3 -m venv venv && venv/bin/pip install faiss-cpu
    venv/bin/python scripts/faiss_reference.py BASE.fbin QUERIES.fbin

Alone it builds (M 16, efConstruction 200, inner product, 2 threads) and prints queries per second by ef, searching all
queries in one call on one thread. With --serve it takes orders from standard input, one a line, and answers each with a
line: `build THREADS` with the seconds it took, `search EF K` with the seconds and the ids found.
"""

import sys
import time

import faiss
import numpy as np


def read_fbin(path):
    """Vectors of an .fbin file: count and dimensions as 32-bit integers, then the values."""
    count, dimensions = np.fromfile(path, dtype="<u4", count=2)
    return np.fromfile(path, dtype="<f4", offset=8).reshape(count, dimensions)


def build(base, threads):
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexHNSWFlat(base.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 200
    start = time.perf_counter()
    index.add(base)
    return index, time.perf_counter() - start


def search(index, queries, ef, k):
    faiss.omp_set_num_threads(1)
    index.hnsw.efSearch = ef
    start = time.perf_counter()
    _, ids = index.search(queries, k)
    return ids, time.perf_counter() - start


def serve(base, queries):
    index = None
    for line in sys.stdin:
        order, *numbers = line.split()
        if order == "build":
            index, seconds = build(base, int(numbers[0]))
            print(seconds, flush=True)
        else:
            ids, seconds = search(index, queries, *map(int, numbers))
            print(seconds, *ids.ravel(), flush=True)


def main():
    base, queries = map(read_fbin, sys.argv[1:3])
    if "--serve" in sys.argv[3:]:
        return serve(base, queries)
    index, seconds = build(base, 2)
    print(f"faiss {faiss.__version__}: built in {seconds:.2f} s")
    truth = faiss.knn(queries, base, 10, metric=faiss.METRIC_INNER_PRODUCT)[1]
    for ef in (16, 32, 64, 96, 128, 192, 256):
        runs = [search(index, queries, ef, 10) for _ in range(5)]
        recall = np.mean([len(set(found) & set(true)) / 10 for found, true in zip(runs[0][0], truth)])
        print(f"ef {ef:4} recall {recall:.4f} {len(queries) / np.median([run[1] for run in runs]):7.0f} QPS")


if __name__ == "__main__":
    main()
