import { IEditorServices } from '@jupyterlab/codeeditor';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';
import { StudioClient } from './api/client';
import { ChangeFeed } from './api/events';

/** The user's settings. */
export interface IStudioSettings {
  /** Seconds between two reads of a panel that hears of no change. */
  readonly refreshInterval: number;
  /** Rows of a list page. */
  readonly pageSize: number;
}

/** What Studio's panels share, and what other extensions may use. */
export interface IStudio {
  readonly client: StudioClient;
  readonly feed: ChangeFeed;
  readonly rendermime: IRenderMimeRegistry;
  /** Lab's code editors; null where an application has none. */
  readonly editors: IEditorServices | null;
  readonly settings: IStudioSettings;
  readonly settingsChanged: ISignal<IStudio, IStudioSettings>;
  /** Open one of Studio's panels, or run any other command. */
  execute(command: string, args?: Record<string, string>): Promise<unknown>;
}

export const IStudio = new Token<IStudio>(
  'studio-ext:IStudio',
  'Client, change feed and settings of Studio.'
);
