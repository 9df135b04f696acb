"""Custom formula and SQL, against what Spark 4.1 gives without ANSI mode.

Ours on purpose: decimals are floats, whole numbers have 64 bits, and no NaN or infinity arises.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from steps import Steps

from studio_ext.wrangler.errors import ColumnError, ParameterError, WranglerError

DAY = dt.date(2024, 1, 31)
TIME = dt.datetime(2024, 1, 7, 13, 5, 59)
TABLE = {
    "x": [7, -7, None],
    "y": [2.0, 0.0, 4.0],
    "s": ["Straße 12", " a.b ", None],
    "n": ["3", "x", "2.5"],
    "d": [DAY, dt.date(2023, 12, 31), None],
    "t": [TIME, dt.datetime(1969, 12, 31, 23, 59, 59), None],
    "iso": ["2024-02-29", "nonsense", None],
    "b": [True, False, None],
    "a b": [1, 2, 3],
    "emp.var": [1.5, 2.5, 3.5],
    "X": [100, 200, 300],
}
FORMULAS: list[tuple[str, list[Any]]] = [
    # Arithmetic
    ("x * 2 + a_b", [15, -12, None]),
    ("x / 2", [3.5, -3.5, None]),
    ("x / y", [3.5, None, None]),
    ("x / 0", [None, None, None]),
    ("x div 2", [3, -3, None]),
    ("x % 3", [1, -1, None]),
    ("mod(x, 0)", [None, None, None]),
    ("pmod(x, 3)", [1, 2, None]),
    ("2147483647 + 1", [2147483648] * 3),
    ("0.1 + 0.2", [0.1 + 0.2] * 3),
    ("0.3*y + 0.1*x + 0.1*y", [0.3 * 2 + 0.1 * 7 + 0.1 * 2, 0.1 * -7, None]),
    ("-(x - 1)", [-6, 8, None]),
    ("n + 1", [4.0, None, 3.5]),
    ("abs(x)", [7, 7, None]),
    ("round(y / 3, 2)", [0.67, 0.0, 1.33]),
    ("floor(x / 2)", [3, -4, None]),
    ("ceil(x / 2)", [4, -3, None]),
    ("sqrt(x) ", [7**0.5, None, None]),
    ("ln(y - 2)", [None, None, pytest.approx(0.6931471805599453)]),
    ("log10(1000 * y)", [pytest.approx(3.301029995663981), None, pytest.approx(3.602059991327962)]),
    ("log(2, y)", [1.0, None, 2.0]),
    ("pow(y, -1)", [0.5, None, 0.25]),
    ("exp(y * 1000)", [None, 1.0, None]),
    ("asin(y)", [None, 0.0, None]),
    ("signum(x)", [1.0, -1.0, None]),
    ("greatest(x, 0)", [7, 0, 0]),
    ("x & 3", [3, 1, None]),
    # Casts
    ("cast(2.9 * y as int)", [5, 0, 11]),
    ("int('12')", [12] * 3),
    ("cast(n as int)", [3, None, 2]),
    ("cast(n as double)", [3.0, None, 2.5]),
    ("n::string", ["3", "x", "2.5"]),
    ("string(x)", ["7", "-7", None]),
    ("cast(b as int)", [1, 0, None]),
    ("cast(t as long)", [int(TIME.replace(tzinfo=dt.UTC).timestamp()), -1, None]),
    ("cast(iso as date)", [dt.date(2024, 2, 29), None, None]),
    # Text
    ("substr(s, 0, 3)", ["Str", " a.", None]),
    ("substring(s, -2)", ["12", "b ", None]),
    ("substr('abc', -5, 3)", ["a"] * 3),
    ("substr(s, 2, -1)", ["", "", None]),
    ("left(s, 2)", ["St", " a", None]),
    ("right(s, 2)", ["12", "b ", None]),
    ("right(s, 99)", ["Straße 12", " a.b ", None]),
    ("upper(s)", ["STRASSE 12", " A.B ", None]),
    ("initcap('ab cD  e')", ["Ab Cd  E"] * 3),
    ("concat(s, '-', x)", ["Straße 12-7", " a.b --7", None]),
    ("s || x", ["Straße 127", " a.b -7", None]),
    ("concat_ws('-', s, x)", ["Straße 12-7", " a.b --7", ""]),
    ("trim(s)", ["Straße 12", "a.b", None]),
    ("lpad(s, 3, '*')", ["Str", " a.", None]),
    ("rpad('a', 3)", ["a  "] * 3),
    ("length(s)", [9, 5, None]),
    ("instr(s, 'a')", [4, 2, None]),
    ("reverse('ae\u0301')", ["\u0301ea"] * 3),
    ("replace(s, 'a', '')", ["Strße 12", " .b ", None]),
    ("repeat('ab', x)", ["ab" * 7, "", None]),
    (r"regexp_replace(s, '(\\w)\\.(\\w)', '$2\\$$1')", ["Straße 12", " b$a ", None]),
    ("regexp_extract(s, '([a-z]+)')", ["tra", "a", None]),
    (r"regexp_extract(s, '\\d+', 0)", ["12", "", None]),
    (r"s rlike '\\d'", [True, False, None]),
    ("s like '%.%'", [False, True, None]),
    (r"split(s, '\\.')", [["Straße 12"], [" a", "b "], None]),
    ("sha2('a', 256)", ["ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"] * 3),
    # Missing
    ("nvl(x, 0)", [7, -7, 0]),
    ("if(isnull(x), 'gone', 'there')", ["there", "there", "gone"]),
    ("isnotnull(x)", [True, True, False]),
    ("isnan(y)", [False, False, False]),
    ("nvl2(x, 1, 2)", [1, 1, 2]),
    ("x <=> null", [False, False, True]),
    ("case when x > 0 then 'p' when x < 0 then 'n' end", ["p", "n", None]),
    ("x between -10 and 0", [False, True, None]),
    ("x in (7, 8)", [True, False, None]),
    ("n = 3", [True, None, False]),
    ("not b or x > 0", [True, True, None]),
    # Dates
    ("year(d) * 100 + month(d)", [202401, 202312, None]),
    ("dayofweek(t)", [1, 4, None]),
    ("weekday(t)", [6, 2, None]),
    ("weekofyear(d)", [5, 52, None]),
    ("dayofyear(iso)", [60, None, None]),
    ("hour(t) + minute(t) / 60", [13 + 5 / 60, 23 + 59 / 60, None]),
    ("date_add(d, 30)", [dt.date(2024, 3, 1), dt.date(2024, 1, 30), None]),
    ("date_sub(d, 31)", [dt.date(2023, 12, 31), dt.date(2023, 11, 30), None]),
    ("add_months(d, 1)", [dt.date(2024, 2, 29), dt.date(2024, 1, 31), None]),
    ("datediff(d, '2024-01-01')", [30, -1, None]),
    ("last_day(iso)", [dt.date(2024, 2, 29), None, None]),
    ("trunc(d, 'MM')", [dt.date(2024, 1, 1), dt.date(2023, 12, 1), None]),
    (
        "date_trunc('hour', t)",
        [dt.datetime(2024, 1, 7, 13), dt.datetime(1969, 12, 31, 23), None],
    ),
    ("date_format(t, 'yyyy/MM/dd HH:mm')", ["2024/01/07 13:05", "1969/12/31 23:59", None]),
    ("to_date('31.01.2024', 'dd.MM.yyyy')", [DAY] * 3),
    ("to_date(iso)", [dt.date(2024, 2, 29), None, None]),
    ("to_timestamp('2024-01-07 13:05:59')", [TIME] * 3),
    ("unix_timestamp(t) - 1", [int(TIME.replace(tzinfo=dt.UTC).timestamp()) - 1, -2, None]),
    ("from_unixtime(0)", ["1970-01-01 00:00:00"] * 3),
    ("d + interval 1 day", [dt.date(2024, 2, 1), dt.date(2024, 1, 1), None]),
    ("d >= '2024-01-01'", [True, False, None]),
    ("t < '2000-01-01 00:00:00'", [False, True, None]),
    # Lists
    ("split(iso, '-')[1]", ["02", None, None]),
    ("element_at(split(iso, '-'), -1)", ["29", "nonsense", None]),
    ("size(split(iso, '-'))", [3, 1, None]),
    ("concat_ws('/', split(iso, '-'), x)", ["2024/02/29/7", "nonsense/-7", ""]),
    # Names
    ("`a b` + 0", [1, 2, 3]),
    ("`emp.var` * 2", [3.0, 5.0, 7.0]),
    ("X + 0", [100, 200, 300]),
    ("S", ["Straße 12", " a.b ", None]),
]


@pytest.mark.parametrize(("formula", "values"), FORMULAS)
def test_formulas(steps: Steps, formula: str, values: list[Any]) -> None:
    table = {**TABLE, "a_b": TABLE["a b"]}
    made = steps("custom_formula", table, formula=formula, output_column="out")
    assert made == {**table, "out": values}
    assert [type(each) for each in made["out"]] == [
        type(getattr(each, "expected", each)) for each in values
    ]


def test_a_formula_may_replace_a_column_and_meet_no_rows(steps: Steps) -> None:
    assert steps("custom_formula", {"x": [1, 2]}, formula="x + 1", output_column="x") == {
        "x": [2, 3]
    }
    empty = steps.relation({"x": [1]}).filter(steps.engine.functions.constant(False)).to_arrow()
    made = steps.arrow("custom_formula", empty, formula="x / 2", output_column="y")
    assert made.schema.field("y").type == "double" and made.num_rows == 0


QUERIES: list[tuple[str, dict[str, list[Any]]]] = [
    ("SELECT x, Y FROM df", {"x": [7, -7, None], "Y": [2.0, 0.0, 4.0]}),
    ("SELECT * FROM df LIMIT 0", {name: [] for name in TABLE}),
    ("select X as x, x as `a.b` from df order by X desc", {"x": [300, 200, 100],
                                                          "a.b": [None, -7, 7]}),
    ("SELECT count(*), sum(x) AS total FROM df", {"count(1)": [3], "total": [0]}),
    (
        "SELECT b, avg(y) m FROM df GROUP BY b ORDER BY b",
        {"b": [None, False, True], "m": [4.0, 0.0, 2.0]},
    ),
    (
        (
            "WITH big AS (SELECT `a b` k, y FROM df WHERE y > 1) "
            "SELECT k, row_number() OVER (ORDER BY y DESC) AS place FROM big ORDER BY k"
        ),
        {"k": [1, 3], "place": [2, 1]},
    ),
    (
        "SELECT a.`a b` AS k FROM df a JOIN df b ON a.`a b` = b.`a b` + 1 ORDER BY 1",
        {"k": [2, 3]},
    ),
    (
        "SELECT `a b` AS k, lag(y) OVER (ORDER BY `a b`) AS before FROM df ORDER BY k",
        {"k": [1, 2, 3], "before": [None, 2.0, 0.0]},
    ),
    ("SELECT y FROM df WHERE y > (SELECT avg(y) FROM df)", {"y": [4.0]}),
    ("SELECT x FROM df UNION ALL SELECT `a b` FROM df WHERE `a b` = 1 ORDER BY x",
     {"x": [None, -7, 1, 7]}),
    ("SELECT collect_list(x) AS l, size(collect_set(b)) AS c FROM df", {"l": [[7, -7]], "c": [2]}),
    ("SELECT collect_list(x) AS l FROM df WHERE x > 100", {"l": [[]]}),
    ("SELECT percentile(y, 0.25) AS q, approx_count_distinct(b) AS n FROM df",
     {"q": [1.0], "n": [2]}),
    ("SELECT /*+ BROADCAST(df) */ b, count(1) AS n FROM df GROUP BY ROLLUP (b) ORDER BY n, b",
     {"b": [None, False, True, None], "n": [1, 1, 1, 3]}),
    ("SELECT DISTINCT y > 1 AS high FROM df ORDER BY high", {"high": [False, True]}),
    ("SELECT *, x / 2 AS half FROM df WHERE X = 100", {
        **{name: values[:1] for name, values in TABLE.items()}, "half": [3.5]}),
    ("SELECT cast(sum(`a b`) / count(1) AS int) AS c FROM df HAVING count(1) > 2", {"c": [2]}),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "table"), QUERIES)
def test_queries(steps: Steps, sql: str, table: dict[str, list[Any]]) -> None:
    made = steps("custom_code/sql_pyspark_sql", TABLE, code=sql)
    assert list(made) == list(table)
    assert made == table


@pytest.mark.parametrize(
    ("formula", "error", "words"),
    [
        ("x +", ParameterError, "no Spark SQL"),
        ("x; y", ParameterError, "2 statements"),
        ("", ParameterError, "formula: ''"),
        ("z + 1", ColumnError, "no column 'z'"),
        ("emp.var + 1", ColumnError, "in backticks: `emp.var`"),
        ("(SELECT 1)", ParameterError, "is a query"),
        ("x IN (SELECT x FROM df)", ParameterError, "is a query"),
        ("sum(x)", ParameterError, "sums up rows"),
        ("row_number() over (order by x)", ParameterError, "looks at other rows"),
        ("read_text('/etc/passwd')", ParameterError, "the function read_text"),
        ("read_csv('x')", ParameterError, "the function read_csv"),
        ("getenv('HOME')", ParameterError, "the function getenv"),
        ("explode(array(1))", ParameterError, "the function explode"),
        ("rand()", ParameterError, "the function rand"),
        ("s rlike '(?=a)'", ParameterError, "looks around"),
        ("regexp_replace(s, 'a', '$1')", ParameterError, "does not fit its pattern"),
        ("date_format(t, 'QQQ')", ParameterError, "format with letters"),
        ("concat(split(s, ' '), 'x')", ParameterError, "for a text"),
        ("levenshtein(s, n)", ParameterError, "the function levenshtein"),
        ("cast(x as binary)", ParameterError, "casts to"),
        ("upper(x, y)", WranglerError, "formula"),
    ],
)
def test_what_a_formula_may_not(
    steps: Steps, formula: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps("custom_formula", TABLE, formula=formula, output_column="o")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DROP TABLE df", "no SELECT"),
        ("COPY df TO 'x'", "no SELECT|no Spark SQL"),
        ("INSERT INTO df SELECT 1", "no SELECT"),
        ("SELECT * FROM other", "there is only the table df"),
        ("SELECT * FROM main.df", "there is only the table df"),
        ("SELECT * FROM read_csv('/etc/passwd')", "there is only the table df"),
        ("SELECT * FROM `/etc/passwd`", "there is only the table df"),
        ("SELECT * FROM csv.`/etc/passwd`", "there is only the table df"),
        ("SELECT * FROM df, duckdb_settings()", "there is only the table df"),
        ("SELECT x FROM df WHERE EXISTS (SELECT 1 FROM information_schema.tables)", "only the"),
        ("WITH df AS (SELECT 1) SELECT * FROM df", "names a part of itself df"),
        ("SELECT x AS a, y AS a FROM df", "two columns 'a'"),
        ("SELECT nosuch FROM df", "no column 'nosuch'"),
        ("SELECT current_setting('x') FROM df", "current_setting"),
        ("SELECT x FROM df TABLESAMPLE (1 ROWS)", "TABLESAMPLE|does not have"),
        ("SELECT explode(array(1)) FROM df", "explode"),
        ("SELECT b FROM df GROUP BY b WITH ROLLUP", "groups WITH ROLLUP"),
        ("VALUES (1)", "no SELECT|does not have"),
        ("SELECT 1 INTO x FROM df", "only the table df"),
    ],
)
def test_what_a_query_may_not(steps: Steps, sql: str, words: str) -> None:
    with pytest.raises(WranglerError, match=words):
        steps("custom_code/sql_pyspark_sql", TABLE, code=sql)
