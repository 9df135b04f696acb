import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import React from 'react';
import { StudioContext, VisibilityContext } from './context';
import { IStudio } from './tokens';

/** Whether a panel is on screen: its widget is shown and the browser tab too. */
export class PanelVisibility {
  constructor() {
    document.addEventListener('visibilitychange', this._notify);
  }

  get value(): boolean {
    return this._shown && document.visibilityState === 'visible';
  }

  set shown(shown: boolean) {
    this._shown = shown;
    this._notify();
  }

  /** Call `notify` on every change until the returned function is called. */
  subscribe(notify: () => void): () => void {
    this._listeners.add(notify);
    return () => this._listeners.delete(notify);
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this._notify);
    this._listeners.clear();
  }

  private _notify = (): void => this._listeners.forEach(listener => listener());
  private _listeners = new Set<() => void>();
  private _shown = false;
}

/** A React widget whose components can reach Studio's services. */
export abstract class StudioPanel extends ReactWidget {
  constructor(protected readonly studio: IStudio) {
    super();
    this.addClass('jp-studio-Panel');
  }

  dispose(): void {
    this._visibility.dispose();
    super.dispose();
  }

  protected abstract renderContent(): JSX.Element;

  protected render(): JSX.Element {
    return (
      <StudioContext.Provider value={this.studio}>
        <VisibilityContext.Provider value={this._visibility}>
          {this.renderContent()}
        </VisibilityContext.Provider>
      </StudioContext.Provider>
    );
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._visibility.shown = this.isVisible;
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._visibility.shown = true;
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._visibility.shown = false;
  }

  private _visibility = new PanelVisibility();
}
