import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { flowOf } from './flow/making';
import { sourceSteps, stemOf } from './flow/sources';

/** Make a flow without steps in a folder; its path. */
export async function newFlow(contents: Contents.IManager, folder: string): Promise<string> {
  return created(contents, folder, flowOf([]));
}

/** Make a flow beside a file that reads it, under a name that nothing has yet; its path. */
export async function wrangle(contents: Contents.IManager, file: string): Promise<string> {
  const folder = PathExt.dirname(file);
  const path = await created(contents, folder, flowOf(sourceSteps(PathExt.basename(file))));
  try {
    return await renamed(contents, path, number =>
      PathExt.join(folder, `${stemOf(file)}${number ? `-${number}` : ''}.flow`)
    );
  } catch (error) {
    await contents.delete(path);
    throw error;
  }
}

async function created(contents: Contents.IManager, folder: string, text: string): Promise<string> {
  const made = await contents.newUntitled({ path: folder, type: 'file', ext: '.flow' });
  await contents.save(made.path, { type: 'file', format: 'text', content: text });
  return made.path;
}

/** Renaming never overwrites: where a name is taken, the next one is tried. */
async function renamed(
  contents: Contents.IManager,
  path: string,
  nameOf: (number: number) => string
): Promise<string> {
  for (let number = 0; ; number++) {
    try {
      return (await contents.rename(path, nameOf(number))).path;
    } catch (error) {
      if ((error as { response?: Response }).response?.status !== 409) {
        throw error;
      }
    }
  }
}
