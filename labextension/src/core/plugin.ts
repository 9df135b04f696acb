import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';
import { StudioClient } from '../api/client';
import { ChangeFeed } from '../api/events';
import { IStudio, IStudioSettings } from '../tokens';

const DEFAULTS: IStudioSettings = { refreshInterval: 15, pageSize: 25 };

/** The services that every panel shares. */
class Studio implements IStudio {
  constructor(
    private readonly _app: JupyterFrontEnd,
    readonly rendermime: IRenderMimeRegistry,
    readonly editors: IEditorServices | null
  ) {
    this.client = new StudioClient(_app.serviceManager.serverSettings);
    this.feed = new ChangeFeed(_app.serviceManager.events);
  }

  readonly client: StudioClient;
  readonly feed: ChangeFeed;
  readonly settingsChanged = new Signal<this, IStudioSettings>(this);

  get settings(): IStudioSettings {
    return this._settings;
  }

  set settings(settings: IStudioSettings) {
    this._settings = settings;
    this.settingsChanged.emit(settings);
  }

  execute(command: string, args: Record<string, string> = {}): Promise<unknown> {
    return this._app.commands.execute(command, args);
  }

  private _settings = DEFAULTS;
}

/** Client, change feed and settings. */
export const corePlugin: JupyterFrontEndPlugin<IStudio> = {
  id: 'studio-ext:core',
  description: 'Client, change feed and settings of Studio.',
  autoStart: true,
  provides: IStudio,
  requires: [IRenderMimeRegistry],
  optional: [ISettingRegistry, IEditorServices],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    registry: ISettingRegistry | null,
    editors: IEditorServices | null
  ): IStudio => {
    const studio = new Studio(app, rendermime, editors);
    const follow = async (settingRegistry: ISettingRegistry) => {
      const settings = await settingRegistry.load(corePlugin.id);
      const read = () => {
        studio.settings = { ...DEFAULTS, ...(settings.composite as Partial<IStudioSettings>) };
      };
      settings.changed.connect(read);
      read();
    };
    if (registry) {
      // Without the settings file the defaults do.
      follow(registry).catch(error => console.warn('Studio settings cannot be read.', error));
    }
    return studio;
  }
};
