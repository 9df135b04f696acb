import React, {
  MutableRefObject,
  PointerEvent as ReactPointerEvent,
  ReactNode,
  useLayoutEffect,
  useRef
} from 'react';
import { ColumnLayout, ISpan } from './layout';
import { Pages } from './pages';
import { HEADER_ROW, ICell, ISelection, select } from './selection';
import { ITableColumn } from './types';
import { GridView } from './view';

export interface IGridFrameProps {
  readonly id: string;
  readonly label: string;
  readonly pages: Pages;
  readonly columns: readonly ITableColumn[];
  readonly rows: number;
  readonly layout: ColumnLayout;
  readonly selection: ISelection | null;
  /** Other rows are on their way. */
  readonly stale: boolean;
  /** The header's cells. */
  readonly children: ReactNode;
  /** Set while the frame is there. */
  readonly view: MutableRefObject<GridView | null>;
  readonly onColumns: (columns: ISpan) => void;
  readonly onSelect: (selection: ISelection) => void;
  /** True where the key meant something. */
  readonly onKey: (event: React.KeyboardEvent) => boolean;
  readonly onMenu: (cell: ICell, x: number, y: number) => void;
  readonly onOpen: (cell: ICell) => void;
  readonly onCopy: (event: React.ClipboardEvent) => void;
}

/** What scrolls: the header, and rows that are drawn by a `GridView`. */
export function GridFrame(props: IGridFrameProps): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const dragging = useRef(false);
  const { pages, columns, layout, rows, selection, view, id, onColumns } = props;

  useLayoutEffect(() => {
    const made = new GridView(
      partsOf(scroller.current as HTMLElement),
      { onColumns },
      activeId(id)
    );
    view.current = made;
    return () => {
      made.dispose();
      view.current = null;
    };
  }, [id, onColumns, view]);

  useLayoutEffect(() => {
    pages.onData = () => view.current?.refresh();
    view.current?.setTable(pages, columns, layout, rows);
    return () => {
      pages.onData = null;
    };
  }, [pages, columns, layout, rows, view]);

  useLayoutEffect(() => view.current?.select(selection), [selection, view]);

  const cellAt = (event: { clientX: number; clientY: number }) =>
    view.current?.cellAt(event.clientX, event.clientY) ?? null;

  const onPointerDown = (event: ReactPointerEvent) => {
    const cell = cellAt(event);
    if (!cell) {
      return;
    }
    const keep = event.button !== 0 && selection !== null && contains(selection, cell);
    if (!keep) {
      const { shiftKey } = event;
      props.onSelect(shiftKey && selection ? { ...selection, focus: cell } : select(cell));
    }
    dragging.current = event.button === 0;
    if (dragging.current) {
      event.currentTarget.setPointerCapture(event.pointerId);
    }
  };
  const onPointerMove = (event: ReactPointerEvent) => {
    const cell = dragging.current ? cellAt(event) : null;
    if (
      cell &&
      selection &&
      (cell.row !== selection.focus.row || cell.column !== selection.focus.column)
    ) {
      props.onSelect({ anchor: selection.anchor, focus: cell });
    }
  };
  const endDrag = () => {
    dragging.current = false;
  };
  const focus = selection?.focus;

  return (
    <div
      ref={scroller}
      className={`jp-studio-Grid-scroller${props.stale ? ' jp-mod-stale' : ''}`}
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={rows + 1}
      aria-colcount={columns.length}
      aria-multiselectable="true"
      aria-busy={props.stale}
      aria-activedescendant={
        focus && (focus.row === HEADER_ROW ? headerId(id, focus.column) : activeId(id))
      }
      data-testid="grid"
      onKeyDown={event => {
        if (props.onKey(event)) {
          event.preventDefault();
          event.stopPropagation();
        }
      }}
      onFocus={event => {
        if (event.target === event.currentTarget && !selection && columns.length) {
          props.onSelect(select({ row: rows ? 0 : HEADER_ROW, column: 0 }));
        }
      }}
      onCopy={props.onCopy}
    >
      <div data-part="sizer" className="jp-studio-Grid-sizer" role="presentation">
        <div data-part="window" className="jp-studio-Grid-window" role="presentation">
          <div data-part="head" className="jp-studio-Grid-head" role="rowgroup">
            <div data-part="headTrack" role="row" aria-rowindex={1}>
              {props.children}
            </div>
          </div>
          <div
            className="jp-studio-Grid-body"
            role="presentation"
            onPointerDown={onPointerDown}
            onPointerMove={onPointerMove}
            onPointerUp={endDrag}
            onPointerCancel={endDrag}
            onDoubleClick={event => {
              const cell = cellAt(event);
              if (cell) {
                props.onOpen(cell);
              }
            }}
            onContextMenu={event => {
              event.preventDefault();
              event.stopPropagation();
              const cell = cellAt(event);
              if (cell) {
                props.onMenu(cell, event.clientX, event.clientY);
              }
            }}
          >
            <div className="jp-studio-Grid-gutter" aria-hidden="true">
              <div data-part="gutter" />
            </div>
            <div className="jp-studio-Grid-cells" role="presentation">
              <div data-part="rows" role="rowgroup">
                <div data-part="selected" className="jp-studio-Grid-selected" role="presentation" />
                <div data-part="active" className="jp-studio-Grid-active" role="presentation" />
              </div>
            </div>
          </div>
        </div>
      </div>
    </div>
  );
}

/** Id of a header, for `aria-activedescendant`. */
export function headerId(id: string, column: number): string {
  return `${id}-header-${column}`;
}

function activeId(id: string): string {
  return `${id}-active`;
}

function partsOf(scroller: HTMLElement) {
  const find = (name: string) => {
    const found = scroller.querySelector<HTMLElement>(`[data-part="${name}"]`);
    if (!found) {
      throw new Error(`The grid has no part "${name}".`);
    }
    return found;
  };
  return {
    scroller,
    sizer: find('sizer'),
    window: find('window'),
    head: find('head'),
    headTrack: find('headTrack'),
    rows: find('rows'),
    gutter: find('gutter'),
    selected: find('selected'),
    active: find('active')
  };
}

function contains({ anchor, focus }: ISelection, cell: ICell): boolean {
  const between = (a: number, b: number, x: number) => x >= Math.min(a, b) && x <= Math.max(a, b);
  return (
    between(anchor.row, focus.row, cell.row) && between(anchor.column, focus.column, cell.column)
  );
}
