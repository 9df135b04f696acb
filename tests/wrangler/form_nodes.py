"""Nodes as Data Wrangler writes them, a few of each family, and what they mean."""

from __future__ import annotations

from typing import Any

#: The node's operator (without ``sagemaker.spark.`` and version), its parameters, ours of them.
NODES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "handle_missing",
        {
            "operator": "Impute",
            "impute_parameters": {
                "column_type": "Numeric",
                "numeric_parameters": {
                    "input_column": ["A", "B"],
                    "strategy": "Mean",
                    "output_column": "X",
                },
            },
        },
        {"input_column": ["A", "B"], "strategy": "Mean", "output_column": "X"},
    ),
    (
        "handle_missing",
        {"operator": "Drop missing", "drop_missing_parameters": {"input_column": ["A"]}},
        {"input_column": ["A"]},
    ),
    (
        "handle_missing",
        {
            "operator": "Drop missing",
            "drop_missing_parameters": {
                "dimension": "Drop Rows",
                "drop_rows_parameters": {"input_column": "A"},
            },
            "impute_parameters": {"column_type": "Numeric"},
        },
        {"input_column": ["A"]},
    ),
    (
        "cast_single_data_type",
        {
            "column": "A",
            "original_data_type": "Long",
            "data_type": "bool",
            "non_castable_data_handling_method": "drop",
            "replace_value": None,
            "date_formatting": "dd-MM-yyyy",
            "datetime_formatting": None,
        },
        {"data_type": "bool", "non_castable_data_handling_method": "drop", "replace_value": ""},
    ),
    (
        "balance_data",
        {
            "operator": "SMOTE",
            "ratio": 0.3,
            "smote_params": {"num_neighbors": 5},
            "target_column": "A",
        },
        {"ratio": 0.3, "target_column": "A"},
    ),
    (
        "encode_categorical",
        {
            "operator": "One-hot encode",
            "one_hot_encode_parameters": {
                "input_column": ["A"],
                "invalid_handling_strategy": "Keep",
                "drop_last": False,
                "output_style": "Columns",
                "input_already_ordinal_encoded": True,
            },
            "ordinal_encode_parameters": {"invalid_handling_strategy": "Replace with NaN"},
        },
        {"input_already_ordinal_encoded": True, "drop_last": False},
    ),
    (
        "split",
        {
            "operator": "Randomized split",
            "randomized_split_parameters": {
                "splits": [
                    {"name": "Train", "percentage": 0.7},
                    {"name": "Test", "percentage": 0.3},
                ],
                "error": 0.0005,
            },
        },
        {},
    ),
    (
        "manage_columns",
        {
            "operator": "Rename column",
            "rename_column_parameters": {
                "columns_to_rename": [{"input_column": "A", "new_name": "x"}],
                "input_column": "B",
                "new_name": "y",
            },
            "drop_column_parameters": {},
        },
        {"input_column": "B", "new_name": "y"},
    ),
    (
        "manage_columns",
        {
            "operator": "Move column",
            "move_column_parameters": {
                "move_type": "Move after",
                "move_after_parameters": {"column_to_move": "A", "target_column": "B"},
            },
        },
        {"column_to_move": ["A"], "target_column": "B"},
    ),
    (
        "manage_columns",
        {
            "operator": "Concatenate columns",
            "concat_columns_parameters": {"left_column": "A", "right_column": "B"},
        },
        {"left_column": "A", "right_column": "B", "delimiter": "_"},
    ),
    (
        "manage_rows",
        {
            "operator": "Sort",
            "sort_parameters": {
                "sort_by": None,
                "conditions": [{"sort_by": "A", "order": "Descending"}],
            },
        },
        {"sort_by": []},
    ),
    ("manage_rows", {"operator": "Drop empty", "drop_empty_parameters": {}}, {}),
    (
        "format_string",
        {
            "operator": "Remove symbols",
            "remove_symbols_parameters": {"symbols": None, "input_column": "A"},
            "lower_case_parameters": {},
        },
        {"symbols": ""},
    ),
    (
        "format_string",
        {
            "operator": "Strip left and right",
            "strip_left_and_right_parameters": {"input_column": "A", "characters_to_remove": "x"},
        },
        {"characters_to_remove": "x"},
    ),
    (
        "format_string",
        {
            "operator": "Center (pad on either side)",
            "center_pad_on_either_side_parameters": {
                "input_column": "A",
                "width": 9,
                "fill_character": None,
            },
        },
        {"width": 9, "fill_character": " "},
    ),
    (
        "format_string",
        {
            "operator": "Add prefix",
            "add_prefix_parameters": {"input_column": "A", "prefix": "p"},
        },
        {"prefix": "p"},
    ),
    (
        "format_string",
        {
            "operator": "Add suffix",
            "add_suffix_parameters": {"input_column": "A", "suffix": "p"},
        },
        {"suffix": "p"},
    ),
    (
        "search_and_edit",
        {
            "operator": "Find substring (from right)",
            "find_substring_from_right_parameters": {
                "input_column": "A",
                "needle": "x",
                "start_index": 1,
                "end_index": None,
            },
        },
        {"needle": "x", "start_index": 1, "end_index": None},
    ),
    (
        "search_and_edit",
        {
            "operator": "Matches",
            "matches_parameters": {"input_column": "A", "pattern": "x", "case": True},
        },
        {"pattern": "x", "case": True},
    ),
    (
        "search_and_edit",
        {
            "operator": "Split string by delimiter",
            "split_string_by_delimiter_parameters": {
                "input_column": "A",
                "delimiter": ",",
                "limit": 2,
            },
        },
        {"delimiter": ",", "limit": 2},
    ),
    (
        "search_and_edit",
        {
            "operator": "Extract using regex",
            "extract_using_regex_parameters": {"input_column": "A", "pattern": "(x)", "index": 1},
        },
        {"index": 1},
    ),
    (
        "search_and_edit",
        {
            "operator": "Convert non-matches to missing",
            "convert_non_matches_to_missing_parameters": {"input_column": "A", "pattern": "x"},
        },
        {"pattern": "x"},
    ),
    (
        "concatenate_datasets",
        {
            "concatenate_type": "row_wise",
            "apply_dedupe": True,
            "indicator_col_name": "of",
            "df1_indicator": "a",
            "df2_indicator": "b",
        },
        {"concatenate_type": "row_wise", "apply_dedupe": True, "df2_indicator": "b"},
    ),
    (
        "handle_outliers",
        {
            "operator": "Robust standard deviation numeric outliers",
            "robust_standard_deviation_numeric_outliers_parameters": {
                "input_column": "A",
                "fix_method": None,
                "lower_quantile": None,
            },
        },
        {
            "fix_method": "Clip",
            "lower_quantile": 0.25,
            "upper_quantile": 0.75,
            "standard_deviations": 4.0,
        },
    ),
    (
        "split",
        {
            "operator": "Ordered split",
            "ordered_split_parameters": {
                "splits": [
                    {"name": "Train", "percentage": 0.7},
                    {"name": "Test", "percentage": 0.2},
                    {"name": "Validate", "percentage": 0.1},
                ],
                "input_column": "A",
                "handle_duplicates": True,
                "error": 0.0005,
            },
        },
        {"input_column": "A", "handle_duplicates": True, "error": 0.0005},
    ),
    (
        "handle_outliers",
        {
            "operator": "Replace rare values",
            "replace_rare_values_parameters": {
                "input_column": "A",
                "replacement_string": "rare",
                "absolute_threshold": 10,
                "fraction_threshold": 0.005,
                "max_common_categories": 3,
            },
        },
        {"replacement_string": "rare", "max_common_categories": 3},
    ),
    (
        "handle_outliers",
        {
            "operator": "Standard deviation numeric outliers",
            "standard_deviation_numeric_outliers_parameters": {
                "input_column": ["A"],
                "output_column": "x",
                "standard_deviations": 4,
                "fix_method": "Remove",
            },
        },
        {"standard_deviations": 4.0, "fix_method": "Remove", "output_column": "x"},
    ),
    (
        "featurize_text",
        {
            "operator": "Character statistics",
            "character_statistics_parameters": {"input_column": "A", "output_column_prefix": "x"},
        },
        {"output_column_prefix": "x"},
    ),
    (
        "featurize_date_time",
        {
            "operator": "Extract columns",
            "extract_columns_parameters": {
                "input_column": "A",
                "output_mode": "Ordinal",
                "output_format": "Columns",
                "infer_datetime_format": True,
                "use_one_indexing": True,
                "date_time_format": None,
                "year": True,
                "quarter": True,
            },
        },
        {"use_one_indexing": True, "year": True, "quarter": True, "month": False},
    ),
]
