import { DocumentRegistry } from '@jupyterlab/docregistry';
import { ISharedFile, YDocument } from '@jupyter/ydoc';
import { ISplice } from '../flow/text';

/** The text that a document's views share: changes of it can be undone, and go to other browsers. */
export class SharedText {
  constructor(private readonly _model: DocumentRegistry.IModel) {}

  get value(): string {
    return this._shared.getSource();
  }

  get readOnly(): boolean {
    return this._model.readOnly;
  }

  get canUndo(): boolean {
    return this._shared.canUndo();
  }

  get canRedo(): boolean {
    return this._shared.canRedo();
  }

  /** Make changes as one that is undone at once. */
  apply(splices: readonly ISplice[]): void {
    // What follows quickly would be undone together with what was before.
    this._shared.undoManager?.stopCapturing();
    this._shared.transact(() => {
      for (const { start, end, text } of splices) {
        this._shared.updateSource(start, end, text);
      }
    });
    this._shared.undoManager?.stopCapturing();
  }

  undo(): void {
    this._shared.undo();
  }

  redo(): void {
    this._shared.redo();
  }

  /** Call `notify` after each change, whoever made it, until the returned function is called. */
  subscribe(notify: () => void): () => void {
    const { undoManager } = this._shared;
    // What can be undone is known a little later than the change itself.
    const events = ['stack-item-added', 'stack-item-popped', 'stack-cleared'] as const;
    this._model.contentChanged.connect(notify);
    events.forEach(event => undoManager?.on(event, notify));
    return () => {
      this._model.contentChanged.disconnect(notify);
      events.forEach(event => undoManager?.off(event, notify));
    };
  }

  private get _shared(): ISharedFile & Partial<Pick<YDocument<never>, 'undoManager'>> {
    return this._model.sharedModel as unknown as ISharedFile &
      Partial<Pick<YDocument<never>, 'undoManager'>>;
  }
}
