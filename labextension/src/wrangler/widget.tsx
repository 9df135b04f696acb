import { FileDialog, IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ABCWidgetFactory, DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { PathExt } from '@jupyterlab/coreutils';
import { Signal } from '@lumino/signaling';
import React, { lazy, Suspense } from 'react';
import { Loading } from '../components/Messages';
import { flowIcon } from '../icons';
import { StudioPanel } from '../panel';
import { IStudio } from '../tokens';
import { Boundary } from './Boundary';
import { IFlowActions } from './tokens';

/** Characters of a flow's id on the server. */
const LONGEST_ID = 512;

/** The graph, the grid and the forms come when the first flow is opened. */
const load = () => lazy(() => import('./document/Opened'));

/** What an open flow needs of Lab. */
export interface ISurroundings {
  studio: IStudio;
  browser: IDefaultFileBrowser | null;
}

/** The content of a flow's tab. */
export class FlowPanel extends StudioPanel {
  constructor(
    private readonly _around: ISurroundings,
    readonly context: DocumentRegistry.Context
  ) {
    super(_around.studio);
    this.addClass('jp-studio-FlowPanel');
    this.title.icon = flowIcon;
    void context.ready.then(() => this.update());
    context.pathChanged.connect(() => this.update(), this);
  }

  /** What commands may do; null until the flow is open. */
  get actions(): IFlowActions | null {
    return this._actions;
  }

  /** Emitted when what commands may do has changed. */
  readonly actionsChanged = new Signal<this, void>(this);

  /** What the server calls this flow. */
  get flowId(): string {
    return this.context.localPath.slice(-LONGEST_ID);
  }

  protected renderContent(): JSX.Element {
    if (!this.context.isReady) {
      return <Loading />;
    }
    const { _Opened: Opened } = this;
    return (
      // Another path is another flow for the server, whose sources may lie elsewhere.
      <Boundary
        key={`${this._tries} ${this.flowId}`}
        onAgain={this._again}
        openAsText={this._openAsText}
      >
        <Suspense fallback={<Loading />}>
          <Opened
            flowId={this.flowId}
            client={this.studio.client}
            model={this.context.model}
            chooseFile={this._chooseFile}
            openAsText={this._openAsText}
            onActions={this._onActions}
          />
        </Suspense>
      </Boundary>
    );
  }

  /** Load and draw everything anew: React keeps what could not be loaded as it was. */
  private _again = (): void => {
    this._tries++;
    this._Opened = load();
    this.update();
  };

  private _onActions = (actions: IFlowActions | null): void => {
    this._actions = actions;
    this.actionsChanged.emit();
  };

  private _openAsText = (): void => {
    const { path } = this.context;
    void this.studio.execute('docmanager:open', { path, factory: 'Editor' });
  };

  /** A file of the server, as its path from the flow's folder. */
  private _chooseFile = async (): Promise<string | null> => {
    const { browser } = this._around;
    if (!browser) {
      return null;
    }
    const { value } = await FileDialog.getOpenFiles({
      manager: browser.model.manager,
      title: 'Add data',
      label: 'A file, or a folder of files of one kind'
    });
    const [chosen] = value ?? [];
    const contents = browser.model.manager.services.contents;
    return chosen ? addressFrom(this.context.localPath, contents.localPath(chosen.path)) : null;
  };

  private _actions: IFlowActions | null = null;
  private _Opened = load();
  private _tries = 0;
}

/** A file's path as the flow at another path names it: from its own folder on. */
export function addressFrom(flow: string, file: string): string {
  return PathExt.relative(PathExt.dirname(flow), file);
}

/** Makes the tab of a `.flow` file. */
export class FlowFactory extends ABCWidgetFactory<DocumentWidget<FlowPanel>> {
  constructor(
    private readonly _around: ISurroundings,
    options: DocumentRegistry.IWidgetFactoryOptions<DocumentWidget<FlowPanel>>
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): DocumentWidget<FlowPanel> {
    const content = new FlowPanel(this._around, context);
    const widget = new DocumentWidget({ content, context });
    // The editor has a bar of its own.
    widget.toolbar.hide();
    return widget;
  }
}
