"""What Spark is given as Python functions means what DuckDB's own functions mean."""

from __future__ import annotations

import random

import duckdb
import pyarrow as pa

from studio_ext.wrangler.engines.spark_functions import python_functions

ALPHABETS = ["ab", "abcd", "aé日b ", "abcdefghij"]
LENGTHS = [3, 12, 60]


def test_distances_of_texts_are_duckdbs() -> None:
    chance = random.Random(7)

    def text(letters: str) -> str:
        return "".join(chance.choices(letters, k=chance.randrange(chance.choice(LENGTHS))))

    letters = [chance.choice(ALPHABETS) for _ in range(2_000)]
    # Two apart from one another by what changed places and was edited too.
    pairs = [("ca", "abc"), ("", ""), *((text(each), text(each)) for each in letters)]
    table = pa.table({"x": [x for x, _ in pairs], "y": [y for _, y in pairs]})
    with duckdb.connect() as connection:
        connection.register("pairs", table)
        found = connection.sql(
            "SELECT damerau_levenshtein(x, y), jaro_winkler_similarity(x, y) FROM pairs"
        ).fetchall()
    functions = {name: function for name, (function, _) in python_functions().items()}
    for (x, y), (apart, alike) in zip(pairs, found, strict=True):
        assert functions["studio_damerau"](x, y) == apart, (x, y)
        assert abs(functions["studio_jaro"](x, y) - alike) < 1e-12, (x, y)
