/** Wait; rejects with an `AbortError` when the signal is set. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const aborted = () => {
      clearTimeout(timer);
      reject(new DOMException('The page has moved on.', 'AbortError'));
    };
    if (signal.aborted) {
      aborted();
    }
    signal.addEventListener('abort', aborted, { once: true });
  });
}
