import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { GlobalSetupContext } from 'vitest/node';

/** What ListTransforms and ListAnalyses tell, for tests of forms and of the search. */
const PROGRAM = `
import json, sys
from studio_ext.flows.worker.catalogue import all_analyses, transforms
json.dump([transforms()["Transforms"], all_analyses()["Analyses"]], sys.stdout)
`;

export default function setup({ provide }: GlobalSetupContext): void {
  const own = resolve('../.venv/bin/python');
  const python = existsSync(own) ? own : 'python3';
  const text = execFileSync(python, ['-c', PROGRAM], { maxBuffer: 1 << 26, encoding: 'utf8' });
  const [transforms, analyses] = JSON.parse(text);
  provide('transforms', transforms);
  provide('analyses', analyses);
}
