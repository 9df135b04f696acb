import { useSyncExternalStore } from 'react';

function subscribe(notify: () => void): () => void {
  const observer = new MutationObserver(notify);
  observer.observe(document.body, { attributeFilter: ['data-jp-theme-name'] });
  return () => observer.disconnect();
}

/** The name of Lab's theme, for what cannot follow it by CSS variables alone. */
export function useTheme(): string {
  return useSyncExternalStore(subscribe, () => document.body.dataset.jpThemeName ?? '');
}

/** The value of one of Lab's CSS variables under the theme of now. */
export function cssVariable(name: string): string {
  return getComputedStyle(document.body).getPropertyValue(name).trim();
}
