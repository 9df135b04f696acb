import { useEffect, useRef, useState } from 'react';
import { useStudio } from '../context';
import { IStudio } from '../tokens';

/**
 * What a list operation does not tell of its rows, read row by row after the list is shown.
 *
 * @param version names a row's state: a row is read again only when it changes.
 * @returns details by row name; a row whose details are still to come, or failed, has none.
 */
export function useDetails<Row, Detail>(
  rows: Row[] | undefined,
  name: (row: Row) => string,
  version: (row: Row) => string,
  load: (studio: IStudio, row: Row) => Promise<Detail>
): Map<string, Detail> {
  const studio = useStudio();
  const [details, setDetails] = useState(new Map<string, Detail>());
  const versions = useRef(new Map<string, string>());
  const functions = useRef({ name, version, load });
  functions.current = { name, version, load };

  useEffect(() => {
    let cancelled = false;
    const readRow = async (row: Row) => {
      const key = functions.current.name(row);
      const wanted = functions.current.version(row);
      if (versions.current.get(key) === wanted) {
        return;
      }
      try {
        const detail = await functions.current.load(studio, row);
        versions.current.set(key, wanted);
        if (!cancelled) {
          setDetails(old => new Map(old).set(key, detail));
        }
      } catch (error) {
        // The row may have gone since it was listed; the list says so by itself.
        console.debug(`Studio: no details of ${key}.`, error);
      }
    };
    rows?.forEach(row => void readRow(row));
    return () => {
      cancelled = true;
    };
  }, [studio, rows]);
  return details;
}
