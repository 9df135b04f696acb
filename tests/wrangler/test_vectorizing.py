"""Vectors of texts, against scikit-learn's."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from steps import Steps
from tables import near

from studio_ext.wrangler.errors import DataError, ParameterError

KEY = "featurize_text/vectorize"
TEXTS = [
    "The cat  sat on the mat",
    "the DOG sat",
    None,
    "Ein Bär 日本 dog",
    "",
    "cat cat cat's the end",
    "日本",
]
KNOWN = [each for each in TEXTS if each is not None]


def _reference(texts: list[str], **options: Any) -> tuple[list[str], np.ndarray[Any, Any]]:
    """scikit-learn's counts, its terms ordered as Spark's: by descending occurrences."""
    given = {"tokenizer": str.split, "token_pattern": None, **options}
    model = CountVectorizer(**given)
    counts = model.fit_transform(texts).toarray()
    terms = model.get_feature_names_out()
    plain = CountVectorizer(**{**given, "binary": False}, vocabulary=terms)
    order = sorted(
        range(len(terms)), key=lambda i: (-plain.transform(texts).sum(0)[0, i], terms[i])
    )
    return [terms[i] for i in order], counts[:, order].astype(float)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {"max_df": 0.999}),
        ({"binarize_count": True}, {"binary": True}),
        ({"minimum_document_frequency": 2}, {"min_df": 2}),
        ({"minimum_document_frequency": 0.3}, {"min_df": 0.3}),
        ({"maximum_document_frequency": 2.0}, {"max_df": 2}),
        ({"maximum_document_frequency": 0.2}, {"max_df": 0.2}),
    ],
)
def test_counts_are_scikit_learns(
    steps: Steps, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    how = {"input_column": "t", "apply_idf": False, **ours}
    vocabulary, counts = _reference(KNOWN, **theirs)
    assert steps.fit(KEY, {"t": TEXTS}, **how) == {"vocabulary": vocabulary}
    made = steps(KEY, {"t": TEXTS, "row": list(range(7))}, **how, output_column="v")
    assert made["t"] == TEXTS
    assert made["row"] == list(range(7))
    assert made["v"][2] is None
    near([each for each in made["v"] if each is not None], counts)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text("ab c\n", max_size=12), min_size=1, max_size=6))
def test_any_texts(steps: Steps, texts: list[str]) -> None:
    how = {"input_column": "t", "apply_idf": False, "maximum_document_frequency": 100}
    if not any(each.split() for each in texts):
        with pytest.raises(DataError, match="no term of 't'"):
            steps(KEY, {"t": texts}, **how)
        return
    near(steps(KEY, {"t": texts}, **how)["t_features"], _reference(texts)[1])


@pytest.mark.parametrize("least", [0, 2])
def test_weights_are_sparks(steps: Steps, least: int) -> None:
    how = {"input_column": "t", "minimum_idf_document_frequency": least}
    _, counts = _reference(KNOWN, max_df=0.999)
    # scikit-learn adds one to Spark's weight.
    weights = TfidfTransformer(norm=None).fit(counts).idf_ - 1
    weights[(counts > 0).sum(axis=0) < least] = 0
    made = steps(KEY, {"t": TEXTS}, **how)["t_features"]
    near([each for each in made if each is not None], counts * weights)


def test_a_column_for_each_term(steps: Steps) -> None:
    how = {"input_column": "t", "output_format": "Columns", "apply_idf": False}
    table = {"t": ["b a b", "a", None, "b"], "kept": [1, 2, 3, 4]}
    made = steps(KEY, table, **how, maximum_document_frequency=5)
    counts = {"t_features_b": [2, 0, None, 1], "t_features_a": [1, 1, None, 0]}
    assert made == {**table, **counts}
    named = steps(KEY, table, **how, maximum_vocabulary_size=1, output_column="w")
    assert list(named) == ["t", "kept", "w_b"]


@pytest.mark.parametrize(
    ("custom", "tokens"),
    [
        ({"pattern": "[,;]+"}, lambda text: [p for p in re.split("[,;]+", text.lower()) if p]),
        ({"pattern": "[a-zé]+", "gaps": False}, lambda text: re.findall("[a-zé]+", text.lower())),
        (
            {"pattern": ",", "lowercase_before_tokenization": False, "minimum_token_length": 2},
            lambda text: [part for part in text.split(",") if len(part) > 1],
        ),
    ],
)
def test_custom_tokens(steps: Steps, custom: dict[str, Any], tokens: Any) -> None:
    texts = ["Aé,b;;C", "aé,aé,,zz", "C"]
    vocabulary, counts = _reference(
        texts, tokenizer=tokens, lowercase=custom.get("lowercase_before_tokenization", True)
    )
    how = {"input_column": "t", "tokenizer": "Custom", "apply_idf": False, **custom}
    assert steps.fit(KEY, {"t": texts}, **how) == {"vocabulary": vocabulary}
    near(steps(KEY, {"t": texts}, **how)["t_features"], counts)


@pytest.mark.parametrize("idf", [False, True])
@pytest.mark.parametrize("binary", [False, True])
def test_hashing_by_plain_python(steps: Steps, idf: bool, binary: bool) -> None:
    counts = np.zeros((len(KNOWN), 16))
    for row, text in enumerate(KNOWN):
        for token in text.lower().split():
            counts[row, int(hashlib.md5(token.encode()).hexdigest()[:15], 16) % 16] += 1
    if binary:
        counts = np.minimum(counts, 1)
    if idf:
        counts *= TfidfTransformer(norm=None).fit(counts).idf_ - 1
    made = steps(
        KEY,
        {"t": TEXTS},
        input_column="t",
        vectorizer="Hashing",
        number_of_features=16,
        binarize_count=binary,
        apply_idf=idf,
        minimum_idf_document_frequency=0,
    )
    near([each for each in made["t_features"] if each is not None], counts)


@pytest.mark.parametrize(("least", "wanted"), [(2, [[3.0, 0.0]]), (0.25, [[3.0, 1.0]])])
def test_terms_that_are_rare_in_a_text(steps: Steps, least: float, wanted: Any) -> None:
    how = {"input_column": "t", "apply_idf": False, "maximum_document_frequency": 5}
    trained = steps.fit(KEY, {"t": ["a a b"]}, **how)
    made = steps(KEY, {"t": ["a a b a"]}, trained=trained, minimum_term_frequency=least, **how)
    assert made["t_features"] == wanted


def test_what_was_not_there_when_learning_does_not_count(steps: Steps) -> None:
    how = {"input_column": "t", "minimum_idf_document_frequency": 0}
    trained = {"vocabulary": ["x", "y"], "idf": {"0": 2.0}, "idf_of_others": 0.5}
    table = {"t": ["new x y x", "new", None, ""]}
    made = steps(KEY, table, trained=trained, **how)
    assert made["t_features"] == [[4.0, 0.5], [0.0, 0.0], None, [0.0, 0.0]]


def test_sparks_vocabulary_is_kept(steps: Steps) -> None:
    from studio_ext.wrangler import catalogue
    from studio_ext.wrangler.operators.parameters import parse

    operator = catalogue[KEY]
    p = parse(operator.Parameters, {"input_column": "t"})
    saved = {
        "vectorizer_model": {"class": "CountVectorizerModel", "vocabulary": ["b", "a"]},
        "idf_model": {"class": "IDFModel", "idf": [0.5, 2.0]},
    }
    made = steps(KEY, {"t": ["a b b"]}, trained=operator.adopt(saved, p), input_column="t")
    assert made["t_features"] == [[1.0, 2.0]]


def test_data_wranglers_own_form() -> None:
    """Parameters lie in containers of their own, as Data Wrangler writes them."""
    from studio_ext.wrangler import catalogue
    from studio_ext.wrangler.operators.parameters import parse

    operator = catalogue[KEY]
    inner = {
        "input_column": "t",
        "tokenizer": "Custom",
        "tokenizer_custom_parameters": {"pattern": ",", "lowercase_before_tokenization": False},
        "tokenizer_standard_parameters": {},
        "vectorizer": "Count Vectorizer",
        "vectorizer_count_vectorizer_parameters": {
            "minimum_document_frequency": 2,
            "binarize_count": True,
            "surprise": 1,
        },
        "vectorizer_hashing_parameters": {},
        "apply_idf": "Yes",
        "apply_idf_yes_parameters": {"minimum_document_frequency": 7},
        "apply_idf_no_parameters": {},
        "output_format": "Vector",
    }
    node = {"operator": "Vectorize", "vectorize_parameters": inner}
    given = operator.form.read(node)
    p = parse(operator.Parameters, given)
    assert (p.pattern, p.lowercase_before_tokenization, p.binarize_count) == (",", False, True)
    assert (p.minimum_document_frequency, p.minimum_idf_document_frequency) == (2, 7)
    (remark,) = operator.unused(given)
    assert remark.startswith("vectorizer_count_vectorizer_parameters.surprise")
    known = {name: value for name, value in given.items() if "surprise" not in name}
    del inner["vectorizer_count_vectorizer_parameters"]["surprise"]  # type: ignore[attr-defined]
    assert operator.form.write(known) == node


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"vectorizer": "Word2Vec"}, ParameterError, "vectorizer: 'Word2Vec'"),
        ({"vectorizer": "Hashing", "output_format": "Columns"}, ParameterError, "is for counts"),
        ({"tokenizer": "Custom", "pattern": "(a"}, ParameterError, "pattern: '\\(a'"),
        ({"minimum_document_frequency": 3}, DataError, "no term of 't' is in 3 to"),
    ],
)
def test_what_is_wrong_is_said(
    steps: Steps, parameters: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        steps(KEY, {"t": ["a b", "b"]}, **{"input_column": "t", **parameters})
