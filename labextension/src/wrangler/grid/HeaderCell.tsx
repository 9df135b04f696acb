import { caretDownIcon, caretUpIcon, ellipsesIcon, filterIcon } from '@jupyterlab/ui-components';
import React, { memo, useRef } from 'react';
import { Distribution, qualityText } from './Distribution';
import { MIN_WIDTH } from './layout';
import { IProfiled } from './profiles';
import { ITableColumn } from './types';

/** What can be done with a header. */
export interface IHeaderEvents {
  onSort(column: number): void;
  onFilter(column: number): void;
  /** Open the menu; `x`, `y` is a point of the page. */
  onMenu(column: number, x: number, y: number): void;
  onDetail(column: number): void;
  onResize(column: number, width: number): void;
  onFit(column: number): void;
}

export interface IHeaderCellProps {
  readonly id: string;
  readonly index: number;
  readonly column: ITableColumn;
  readonly left: number;
  readonly width: number;
  readonly sort: 'ascending' | 'descending' | undefined;
  readonly filtered: boolean;
  readonly selected: boolean;
  /** The keyboard is here. */
  readonly active: boolean;
  /** Undefined where figures are still to come; null where there will be none. */
  readonly profiled: IProfiled | undefined | null;
  /** The figures could not be read. */
  readonly failed: boolean;
  readonly events: IHeaderEvents;
}

/** Name, type and figures of a column; all it offers is also in its menu, for the keyboard. */
export const HeaderCell = memo(function HeaderCell(props: IHeaderCellProps): JSX.Element {
  const { column, index, events, sort } = props;
  const Caret = sort === 'ascending' ? caretUpIcon : caretDownIcon;
  const modifiers = [
    column.changed && `jp-mod-${column.changed}`,
    props.selected && 'jp-mod-selected',
    props.active && 'jp-mod-active'
  ];
  const figures = props.profiled ? `, ${qualityText(props.profiled)}` : '';
  return (
    <div
      id={props.id}
      role="columnheader"
      tabIndex={-1}
      aria-colindex={index + 1}
      aria-sort={sort ?? 'none'}
      aria-label={`${column.name}, ${typeText(column)}${changeText(column)}${figures}`}
      className={['jp-studio-Grid-header', ...modifiers].filter(Boolean).join(' ')}
      style={{ left: props.left, width: props.width }}
      data-column={column.name}
      onContextMenu={event => {
        event.preventDefault();
        event.stopPropagation();
        events.onMenu(index, event.clientX, event.clientY);
      }}
    >
      <div className="jp-studio-Grid-title">
        <button
          className="jp-studio-Grid-name"
          tabIndex={-1}
          title={`${column.name}\nClick to sort`}
          onClick={() => events.onSort(index)}
        >
          <span>{column.name}</span>
          {sort && <Caret.react tag="span" height="12px" width="12px" />}
        </button>
        <HeaderButton
          icon={filterIcon}
          label={`Filter ${column.name}`}
          className={props.filtered ? 'jp-mod-on' : ''}
          onClick={() => events.onFilter(index)}
        />
        <HeaderButton
          icon={ellipsesIcon}
          label={`Actions for ${column.name}`}
          onClick={event => {
            const box = event.currentTarget.getBoundingClientRect();
            events.onMenu(index, box.left, box.bottom);
          }}
        />
      </div>
      <div className="jp-studio-Grid-type" title={column.type}>
        {typeText(column)}
        {column.changed && <em>{column.changed === 'added' ? 'new' : column.changed}</em>}
      </div>
      {props.profiled !== null && (
        <button
          className="jp-studio-Grid-detailButton"
          tabIndex={-1}
          aria-label={`Details of ${column.name}`}
          onClick={() => events.onDetail(index)}
        >
          <Distribution profiled={props.profiled} failed={props.failed} />
        </button>
      )}
      <ResizeHandle {...props} />
    </div>
  );
});

function HeaderButton(props: {
  icon: typeof filterIcon;
  label: string;
  className?: string;
  onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
}): JSX.Element {
  return (
    <button
      className={`jp-studio-Grid-headerButton ${props.className ?? ''}`}
      tabIndex={-1}
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" height="12px" width="12px" />
    </button>
  );
}

function ResizeHandle(props: IHeaderCellProps): JSX.Element {
  const start = useRef<{ x: number; width: number } | null>(null);
  const { events, index } = props;
  return (
    // The keyboard resizes with Shift and the arrow keys in the header.
    <div
      className="jp-studio-Grid-resize"
      aria-hidden="true"
      onPointerDown={event => {
        event.preventDefault();
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width: props.width };
      }}
      onPointerMove={event => {
        if (start.current) {
          const width = start.current.width + event.clientX - start.current.x;
          events.onResize(index, Math.max(MIN_WIDTH, Math.round(width)));
        }
      }}
      onPointerUp={() => (start.current = null)}
      onPointerCancel={() => (start.current = null)}
      onDoubleClick={() => events.onFit(index)}
    />
  );
}

const TYPES: Readonly<Record<string, string | undefined>> = {
  long: 'whole number',
  float: 'number',
  string: 'text',
  bool: 'true or false',
  datetime: 'date and time',
  date: 'date',
  array: 'list',
  struct: 'structure',
  map: 'map',
  binary: 'bytes'
};

/** A column's type in words. */
export function typeText(column: ITableColumn): string {
  return TYPES[column.kind] ?? column.type.toLowerCase();
}

function changeText(column: ITableColumn): string {
  return column.changed ? `, ${column.changed}` : '';
}
