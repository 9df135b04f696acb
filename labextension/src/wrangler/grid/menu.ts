import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { IGridAction } from './types';

/** Open one of Lab's menus at a point of the page; entries come in groups. */
export function openMenu(groups: readonly (readonly IGridAction[])[], x: number, y: number): void {
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  menu.addClass('jp-studio-Grid-menu');
  groups
    .filter(group => group.length)
    .forEach((group, index) => {
      if (index) {
        menu.addItem({ type: 'separator' });
      }
      group.forEach((action, place) => {
        const command = `${index}-${place}`;
        commands.addCommand(command, { label: action.label, execute: action.run });
        menu.addItem({ command });
      });
    });
  const before = document.activeElement;
  menu.aboutToClose.connect(() => {
    // A press elsewhere takes the focus there afterwards, as does what the chosen entry opens.
    if (before instanceof HTMLElement && menu.node.contains(document.activeElement)) {
      before.focus({ preventScroll: true });
    }
    // The entry that was chosen runs after the menu has closed.
    window.setTimeout(() => menu.dispose());
  });
  menu.open(x, y);
}
