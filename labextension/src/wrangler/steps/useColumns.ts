import { useEffect, useState } from 'react';
import { FlowClient, isAbort } from '../api';
import { IFormColumn } from './problems';
import { ITable, tableKey } from './tables';
import { useSampleRows } from './useSampleRows';

export interface IColumns {
  /** Of each table; those that are not read yet are missing. */
  columns: (IFormColumn[] | undefined)[];
  error: Error | null;
}

/**
 * The columns of tables of a flow.
 *
 * @param version another one means that the flow has changed: the columns are read again, and
 * those of before stay until then.
 */
export function useColumns(flow: FlowClient, tables: ITable[], version: string): IColumns {
  const [known, setKnown] = useState<ReadonlyMap<string, IFormColumn[]>>(new Map());
  const [error, setError] = useState<Error | null>(null);
  const sampleRows = useSampleRows(flow);
  const wanted = JSON.stringify(tables.map(({ node, output }) => ({ node, output })));

  useEffect(() => {
    const abort = new AbortController();
    const read = async (table: Pick<ITable, 'node' | 'output'>) => {
      const asked = { NodeId: table.node, OutputName: table.output };
      const { Columns } = await flow.describeNode(asked, abort.signal);
      const columns = Columns.map(({ Name, Kind, Type }) => ({
        name: Name,
        kind: Kind,
        type: Type
      }));
      setKnown(old => new Map(old).set(tableKey(table), columns));
    };
    const readAll = async () => {
      try {
        setError(null);
        await Promise.all((JSON.parse(wanted) as ITable[]).map(read));
      } catch (reason) {
        if (!isAbort(reason)) {
          setError(reason as Error);
        }
      }
    };
    void readAll();
    return () => abort.abort();
  }, [flow, wanted, version, sampleRows]);
  return { columns: tables.map(table => known.get(tableKey(table))), error };
}
