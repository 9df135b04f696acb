import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { LabIcon } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import React from 'react';
import { describeArgs } from '../commands';
import { StudioPanel } from '../panel';
import { IStudio } from '../tokens';

/** Where in a panel the person is. */
export interface IRoute {
  view: 'list' | 'detail' | 'create';
  /** The resource shown, or the one to start a new one from. */
  name?: string;
  tab?: string;
}

export interface IRouteProps {
  route: IRoute;
  go: (route: IRoute) => void;
}

/** A panel of several views, which can be put back after a reload. */
export class RoutedPanel extends StudioPanel {
  constructor(
    studio: IStudio,
    private readonly _view: (props: IRouteProps) => JSX.Element,
    private _route: IRoute
  ) {
    super(studio);
  }

  get route(): IRoute {
    return this._route;
  }

  get routeChanged(): ISignal<this, IRoute> {
    return this._routeChanged;
  }

  go = (route: IRoute): void => {
    this._route = route;
    this._routeChanged.emit(route);
    this.update();
  };

  protected renderContent(): JSX.Element {
    const View = this._view;
    return <View route={this._route} go={this.go} />;
  }

  private _routeChanged = new Signal<this, IRoute>(this);
}

export interface IRoutedPanelOptions {
  /** Id of the widget; there is one panel of each kind. */
  id: string;
  command: string;
  label: string;
  caption: string;
  icon: LabIcon;
  view: (props: IRouteProps) => JSX.Element;
  restorer: ILayoutRestorer | null;
}

/** Register the command that opens a panel, and have Lab put the panel back after a reload. */
export function registerRoutedPanel(
  app: JupyterFrontEnd,
  studio: IStudio,
  options: IRoutedPanelOptions
): void {
  const tracker = new WidgetTracker<MainAreaWidget<RoutedPanel>>({ namespace: options.id });

  const create = async (route: IRoute) => {
    const content = new RoutedPanel(studio, options.view, route);
    const widget = new MainAreaWidget({ content });
    widget.id = options.id;
    widget.title.label = options.label;
    widget.title.caption = options.caption;
    widget.title.icon = options.icon;
    widget.title.closable = true;
    content.routeChanged.connect(() => void tracker.save(widget));
    await tracker.add(widget);
    return widget;
  };

  app.commands.addCommand(options.command, {
    label: args => (args['isPalette'] ? `Studio: ${options.label}` : options.label),
    caption: options.caption,
    icon: args => (args['isPalette'] ? undefined : options.icon),
    describedBy: describeArgs({
      name: 'Open the detail of the resource of this name.',
      view: 'list, detail or create; a name alone means detail.',
      tab: 'Tab of the detail to open.'
    }),
    execute: async args => {
      const route = readRoute(args);
      let widget = tracker.currentWidget;
      if (!widget || widget.isDisposed) {
        widget = await create(route ?? { view: 'list' });
      } else if (route) {
        widget.content.go(route);
      }
      if (!widget.isAttached) {
        app.shell.add(widget, 'main');
      }
      app.shell.activateById(widget.id);
    }
  });

  void options.restorer?.restore(tracker, {
    command: options.command,
    name: () => options.id,
    args: widget => ({ ...widget.content.route })
  });
}

/** The route that a command's arguments ask for; null if they ask for none. */
function readRoute(args: { [name: string]: unknown }): IRoute | null {
  const text = (key: string) => (typeof args[key] === 'string' ? (args[key] as string) : undefined);
  const [view, name, tab] = [text('view'), text('name'), text('tab')];
  if (!view && !name) {
    return null;
  }
  return { view: (view as IRoute['view'] | undefined) ?? 'detail', name, tab };
}
