import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { CATEGORY, LAUNCHER_RANK } from '../commands';

/** Offer a command in Studio's section of the launcher. */
export function addToLauncher(launcher: ILauncher | null, command: string, rank: number): void {
  launcher?.add({ command, category: CATEGORY, categoryRank: LAUNCHER_RANK, rank });
}

/** Offer a command in the palette, where its label begins with "Studio:". */
export function addToPalette(palette: ICommandPalette | null, command: string): void {
  palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
}
