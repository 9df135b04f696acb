import { IAnalysis, ITransform } from '../src/api/types';

/** What `scripts/catalogues.mts` gives to tests. */
declare module 'vitest' {
  interface ProvidedContext {
    transforms: ITransform[];
    analyses: IAnalysis[];
  }
}
