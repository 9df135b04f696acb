import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';

/** Ask before something that cannot be undone; true if the person agrees. */
export async function confirm(title: string, body: string, action: string): Promise<boolean> {
  const result = await showDialog({
    title,
    body,
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: action })],
    defaultButton: 0
  });
  return result.button.accept;
}

/** Run a request whose result is seen elsewhere; a failure is said in a toast. */
export async function attempt(what: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    Notification.error(`${what}: ${(error as Error).message}`, { autoClose: 8000 });
    return false;
  }
}
