import { StudioClient } from '../api/client';
import { IOutputLogEvent } from '../api/types';
import { LogBuffer } from './buffer';

export interface ILogSource {
  group: string;
  /** Streams whose name starts so; a job has one for each host. */
  prefix?: string;
}

/** Positions in one stream. */
interface IStream {
  name: string;
  forward: string | undefined;
  backward: string | undefined;
  hasOlder: boolean;
}

/** Reads a log from its end, then whatever is added. */
export class LogTail {
  readonly buffer = new LogBuffer();

  constructor(
    private readonly _client: StudioClient,
    private readonly _source: ILogSource,
    /** Lines of one request; the service gives at most 10 000. */
    private readonly _page = 10_000
  ) {}

  /** Whether `readOlder` would find something. */
  get hasOlder(): boolean {
    return !this.buffer.isTruncated && this._streams.some(stream => stream.hasOlder);
  }

  /** Read what is new; answers whether anything was. */
  async read(signal?: AbortSignal): Promise<boolean> {
    await this._discover(signal);
    const pages = await Promise.all(this._streams.map(stream => this._readStream(stream, signal)));
    signal?.throwIfAborted();
    const events = pages.flat().sort((a, b) => a.time - b.time);
    this.buffer.append(events);
    return events.length > 0;
  }

  /** Read one page before the first line that is held. */
  async readOlder(): Promise<void> {
    const older = this._streams.filter(stream => stream.hasOlder);
    const pages = await Promise.all(older.map(stream => this._readBackward(stream)));
    this.buffer.prepend(pages.flat().sort((a, b) => a.time - b.time));
  }

  /** The whole log as text, read from its beginning. */
  async download(): Promise<string> {
    await this._discover();
    const texts: string[] = [];
    for (const stream of this._streams) {
      let token: string | undefined;
      for (;;) {
        const page = await this._get(stream.name, { nextToken: token, startFromHead: true });
        texts.push(...(page.events ?? []).map(event => event.message ?? ''));
        if (!page.nextForwardToken || page.nextForwardToken === token) {
          break;
        }
        token = page.nextForwardToken;
      }
    }
    return texts.join('\n') + '\n';
  }

  private async _discover(signal?: AbortSignal): Promise<void> {
    let nextToken: string | undefined;
    do {
      const input = {
        logGroupName: this._source.group,
        logStreamNamePrefix: this._source.prefix,
        nextToken
      };
      let answer;
      try {
        answer = await this._client.call('Logs_20140328.DescribeLogStreams', input, signal);
      } catch (error) {
        // A log group comes into being with its first line.
        if ((error as Error).name.startsWith('ResourceNotFound')) {
          return;
        }
        throw error;
      }
      for (const { logStreamName } of answer.logStreams ?? []) {
        if (logStreamName && !this._streams.some(stream => stream.name === logStreamName)) {
          this._streams.push({
            name: logStreamName,
            forward: undefined,
            backward: undefined,
            hasOlder: false
          });
        }
      }
      nextToken = answer.nextToken;
    } while (nextToken);
  }

  private async _readStream(stream: IStream, signal?: AbortSignal) {
    const first = stream.forward === undefined;
    const page = await this._get(
      stream.name,
      { nextToken: stream.forward, startFromHead: !first },
      signal
    );
    const events = page.events ?? [];
    // Two reads at once would both deliver these events: the one that was given up must not.
    signal?.throwIfAborted();
    stream.forward = page.nextForwardToken;
    if (first) {
      stream.backward = page.nextBackwardToken;
      stream.hasOlder = events.length >= this._page;
    }
    return this._lines(stream, events);
  }

  private async _readBackward(stream: IStream) {
    const page = await this._get(stream.name, { nextToken: stream.backward, startFromHead: false });
    stream.hasOlder = (page.events ?? []).length > 0 && page.nextBackwardToken !== stream.backward;
    stream.backward = page.nextBackwardToken;
    return this._lines(stream, page.events ?? []);
  }

  private _get(
    stream: string,
    options: { nextToken?: string; startFromHead: boolean },
    signal?: AbortSignal
  ) {
    const input = {
      logGroupName: this._source.group,
      logStreamName: stream,
      limit: this._page,
      ...options
    };
    return this._client.call('Logs_20140328.GetLogEvents', input, signal);
  }

  private _lines(stream: IStream, events: IOutputLogEvent[]) {
    return events.map(event => ({
      time: event.timestamp ?? 0,
      text: event.message ?? '',
      stream: stream.name
    }));
  }

  private _streams: IStream[] = [];
}
