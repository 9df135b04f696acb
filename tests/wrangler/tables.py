"""Tables with missing values, and comparing floats in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


def arrow(table: Mapping[str, Any]) -> pa.Table:
    """Columns of numbers or texts, in which NaN and None are missing."""
    return pa.Table.from_pandas(pd.DataFrame(dict(table)), preserve_index=False)


def near(found: Any, wanted: Any, rtol: float = 1e-9, atol: float = 1e-9) -> None:
    """Both hold the same floats, missing in the same places (None or NaN)."""
    given = np.array(found, dtype=float)
    np.testing.assert_allclose(given, np.array(wanted, dtype=float), rtol=rtol, atol=atol)
