import { useCallback, useMemo, useRef, useState } from 'react';
import { cellText } from './format';
import { ColumnLayout, fitting, MIN_WIDTH } from './layout';
import { Pages } from './pages';
import { ITableColumn } from './types';

/** Rows that a width is fitted to. */
const LOOKED_AT = 40;
/** A column is made no wider than this to fit its values. */
const WIDEST_FIT = 800;

export interface IWidths {
  readonly layout: ColumnLayout;
  readonly resize: (column: number, width: number) => void;
  /** As wide as the values in view need. */
  readonly fit: (column: number, firstRow: number) => void;
}

/** Widths of columns: fitted at first, then as the user drags them, whatever rows are shown. */
export function useWidths(columns: readonly ITableColumn[] | undefined, pages: Pages): IWidths {
  const known = useRef(new Map<string, number>());
  // Another object with each change of a width.
  const [changed, setChanged] = useState({});
  const layout = useMemo(() => {
    void changed;
    const widths = (columns ?? []).map((column, index) => {
      const width = known.current.get(column.name) ?? fitted(pages, columns ?? [], index, 0);
      known.current.set(column.name, width);
      return width;
    });
    return new ColumnLayout(widths);
  }, [columns, pages, changed]);

  const resize = useCallback(
    (column: number, width: number) => {
      const name = columns?.[column]?.name;
      if (name !== undefined) {
        known.current.set(name, Math.max(MIN_WIDTH, width));
        setChanged({});
      }
    },
    [columns]
  );
  const fit = useCallback(
    (column: number, firstRow: number) =>
      resize(column, fitted(pages, columns ?? [], column, firstRow, WIDEST_FIT)),
    [columns, pages, resize]
  );
  return { layout, resize, fit };
}

function fitted(
  pages: Pages,
  columns: readonly ITableColumn[],
  column: number,
  firstRow: number,
  widest?: number
): number {
  const { name, kind } = columns[column];
  const texts: string[] = [];
  for (let row = firstRow; row < firstRow + LOOKED_AT; row++) {
    const value = pages.value(row, column);
    if (value !== undefined) {
      texts.push(cellText(value, kind).text);
    }
  }
  return fitting(name, texts, widest);
}
