import React from 'react';
import { StudioPanel } from '../../panel';
import { studioIcon } from '../../icons';
import { IStudio } from '../../tokens';
import { Home } from './home';

/** The panel in the left sidebar. */
export class HomePanel extends StudioPanel {
  constructor(studio: IStudio) {
    super(studio);
    this.id = 'studio-home';
    this.title.icon = studioIcon;
    this.title.caption = 'Studio';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Studio');
  }

  /** The tutorial's path in the file browser, if it is there. */
  set notebook(path: string | null) {
    this._notebook = path;
    this.update();
  }

  protected renderContent(): JSX.Element {
    return <Home notebook={this._notebook} />;
  }

  private _notebook: string | null = null;
}
