import { downloadIcon } from '@jupyterlab/ui-components';
import React, { memo, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { plural } from '../format';
import { ILogLine } from '../logs/buffer';
import { ILogSource } from '../logs/tail';
import { useLog } from '../logs/useLog';
import { attempt } from './dialogs';
import { EmptyState, ErrorBanner, Loading } from './Messages';

/**
 * Lines are drawn in blocks that the browser lays out only when they come into view
 * (`content-visibility`), so that wrapped lines of any height and the browser's own search work.
 */
const BLOCK = 200;

/** A log, followed while `live`, with search, wrapping and download. */
export function LogView(props: {
  source: ILogSource;
  live: boolean;
  filename: string;
}): JSX.Element {
  const log = useLog(props.source, props.live);
  const [search, setSearch] = useState('');
  const [wrap, setWrap] = useState(true);
  const [times, setTimes] = useState(false);
  const [follow, setFollow] = useState(true);
  const needle = useDeferredValue(search.toLowerCase());
  const { lines } = log.tail.buffer;
  const shown = useMemo(
    () => (needle ? lines.filter(line => line.text.toLowerCase().includes(needle)) : lines),
    [lines, needle]
  );
  const download = () =>
    attempt('The log could not be downloaded', async () =>
      save(await log.tail.download(), props.filename)
    );
  const toggle = (label: string, value: boolean, set: (value: boolean) => void) => (
    <label>
      <input type="checkbox" checked={value} onChange={event => set(event.target.checked)} />
      {label}
    </label>
  );
  return (
    <div className="jp-studio-LogView">
      <div className="jp-studio-LogView-toolbar">
        <input
          type="search"
          className="jp-studio-Input"
          placeholder="Show lines with…"
          aria-label="Show only lines that contain"
          data-testid="log-search"
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
        {toggle('Follow', follow, setFollow)}
        {toggle('Wrap', wrap, setWrap)}
        {toggle('Times', times, setTimes)}
        <span className="jp-studio-Spacer" />
        <span className="jp-studio-Muted" data-testid="log-count">
          {needle ? `${shown.length.toLocaleString('en')} of ` : ''}
          {plural(lines.length, 'line')}
        </span>
        <button className="jp-studio-Button" onClick={() => void download()}>
          <downloadIcon.react tag="span" height="14px" width="14px" />
          Download
        </button>
      </div>
      <ErrorBanner error={log.error} title="The log could not be read" />
      {log.loading && <Loading />}
      {!log.loading && !lines.length && !log.error && (
        <EmptyState title={props.live ? 'No line has been written yet' : 'The log is empty'} />
      )}
      {lines.length > 0 && (
        <Lines
          lines={shown}
          needle={needle}
          wrap={wrap}
          times={times}
          follow={follow}
          onFollow={setFollow}
          onOlder={log.tail.hasOlder ? () => void log.readOlder() : undefined}
          truncated={log.tail.buffer.isTruncated}
        />
      )}
    </div>
  );
}

function Lines(props: {
  lines: readonly ILogLine[];
  needle: string;
  wrap: boolean;
  times: boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  onOlder?: () => void;
  truncated: boolean;
}): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const blocks = useMemo(() => inBlocks(props.lines), [props.lines]);
  useEffect(() => {
    if (props.follow && host.current) {
      host.current.scrollTop = host.current.scrollHeight;
    }
  }, [props.follow, props.wrap, blocks]);
  const onScroll = () => {
    const { scrollHeight, scrollTop, clientHeight } = host.current as HTMLDivElement;
    const atEnd = scrollHeight - scrollTop - clientHeight < 24;
    // Scrolling up means reading; coming back to the end means following again.
    if (atEnd !== props.follow) {
      props.onFollow(atEnd);
    }
  };
  return (
    <div
      ref={host}
      className={`jp-studio-LogView-lines${props.wrap ? ' jp-mod-wrap' : ''}`}
      role="log"
      aria-label="Log"
      data-testid="log"
      // Keyboards scroll it, so it must be reachable by them.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onScroll={onScroll}
    >
      {props.truncated && (
        <p className="jp-studio-Muted">Older lines are not shown; the download has them all.</p>
      )}
      {props.onOlder && (
        <button className="jp-studio-Button" onClick={props.onOlder}>
          Show earlier lines
        </button>
      )}
      {blocks.map(block => (
        <Block
          key={Math.floor(block[0].index / BLOCK)}
          lines={block}
          first={block[0].index}
          last={block[block.length - 1].index}
          needle={props.needle}
          times={props.times}
        />
      ))}
    </div>
  );
}

interface IBlockProps {
  lines: ILogLine[];
  first: number;
  last: number;
  needle: string;
  times: boolean;
}

/** A line never changes, so a block changes only when its ends, or how it is drawn, do. */
function sameBlock(a: IBlockProps, b: IBlockProps): boolean {
  return (
    a.first === b.first &&
    a.last === b.last &&
    a.lines.length === b.lines.length &&
    a.needle === b.needle &&
    a.times === b.times
  );
}

const Block = memo(function Block(props: IBlockProps): JSX.Element {
  return (
    <div className="jp-studio-LogView-block">
      {props.lines.map(line => (
        <div key={line.index} className="jp-studio-LogView-line">
          {props.times && <span className="jp-studio-Muted">{clock(line.time)} </span>}
          <Marked text={line.text || ' '} needle={props.needle} />
        </div>
      ))}
    </div>
  );
}, sameBlock);

function Marked(props: { text: string; needle: string }): JSX.Element {
  const start = props.needle ? props.text.toLowerCase().indexOf(props.needle) : -1;
  if (start < 0) {
    return <>{props.text}</>;
  }
  const end = start + props.needle.length;
  return (
    <>
      {props.text.slice(0, start)}
      <mark>{props.text.slice(start, end)}</mark>
      {props.text.slice(end)}
    </>
  );
}

/** Group by number, not by position: dropping old lines leaves the other blocks as they are. */
function inBlocks(lines: readonly ILogLine[]): ILogLine[][] {
  const blocks: ILogLine[][] = [];
  let current = NaN;
  for (const line of lines) {
    const number = Math.floor(line.index / BLOCK);
    if (number !== current) {
      blocks.push([]);
      current = number;
    }
    blocks[blocks.length - 1].push(line);
  }
  return blocks;
}

function clock(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(11, 23);
}

function save(text: string, filename: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = filename;
  anchor.click();
  URL.revokeObjectURL(url);
}
