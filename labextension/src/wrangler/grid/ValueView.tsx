import React, { useEffect, useState } from 'react';
import { Copyable } from '../../components/Copyable';
import { wholeValue } from './copying';
import { CELL_TEXT, fullText, isCut } from './format';
import { Pages } from './pages';
import { ICell } from './selection';
import { CellValue } from './types';

/** One value at length; what a cell cut is read whole. */
export function ValueView(props: { pages: Pages; cell: ICell }): JSX.Element | null {
  const { pages, cell } = props;
  const shown = pages.value(cell.row, cell.column);
  const isWhole = shown !== undefined && !isCut(shown, CELL_TEXT);
  const [read, setRead] = useState<CellValue | undefined>();
  const value = isWhole ? shown : read;
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    if (isWhole) {
      return;
    }
    const abort = new AbortController();
    wholeValue(pages, cell, abort.signal).then(setRead, reason => {
      if (!abort.signal.aborted) {
        setError(reason as Error);
      }
    });
    return () => abort.abort();
  }, [pages, cell, isWhole]);
  const column = pages.state.columns?.[cell.column];
  if (!column) {
    return null;
  }
  return (
    <div className="jp-studio-Grid-value" data-testid="grid-value">
      <strong>
        {column.name}, row {(cell.row + 1).toLocaleString('en')}
      </strong>
      {error ? (
        <p role="alert">{error.message}</p>
      ) : value === undefined ? (
        <p role="status">Reading the whole value…</p>
      ) : (
        <Copyable text={fullText(value, column.kind)} label="value" multiline />
      )}
    </div>
  );
}
