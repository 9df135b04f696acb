/** Have the browser save something. */
export function download(name: string, url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

/** Have the browser save text. */
export function downloadText(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  download(name, url);
  // The browser has taken it by then.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A name that file systems take. */
export function fileName(title: string, extension: string): string {
  const plain = title.replace(/[^\w-]+/g, '-').replace(/^-+|-+$/g, '');
  return `${plain || 'analysis'}.${extension}`;
}
