import { readFileSync, readdirSync } from 'fs';
import { join } from 'path';
import { describe, expect, it } from 'vitest';
import {
  addAfter,
  addStep,
  connect,
  deleteNode,
  disable,
  duplicate,
  enable,
  insertBetween,
  moveAfter,
  moveStep,
  neighbour,
  rename,
  replaceStep
} from './edits';
import { dataKey, dependents, downstream, endOf, placeOf, readers, upstream } from './graph';
import { FlowText, FlowTextError } from './text';

const FOLDER = join(__dirname, '../../../../tests/wrangler/flows');
const REAL = readdirSync(FOLDER)
  .filter(name => name.endsWith('.flow'))
  .map(name => readFileSync(join(FOLDER, name), 'utf-8'));

/** Inputs may leave out names; the number is one that JavaScript does not hold exactly. */
function node(id: string, ...reads: string[]): object {
  return {
    node_id: id,
    type: reads.length ? 'TRANSFORM' : 'SOURCE',
    operator: reads.length ? 'sagemaker.spark.manage_columns_0.1' : 'sagemaker.s3_source_0.1',
    parameters: { operator: `step ${id}`, dataset_definition: { name: id, limit: 'BIG' } },
    inputs: reads.map(each => ({ name: 'df', node_id: each, output_name: 'default' })),
    outputs: [{ name: 'default' }]
  };
}

function text(...nodes: object[]): string {
  const whole = JSON.stringify({ metadata: { version: 1 }, nodes }, null, 2);
  return `${whole.replace(/"BIG"/g, '-1767228197713558301')}\n`;
}

/** s -> a -> b -> c, and an analysis of b. */
const CHAIN = text(node('s'), node('a', 's'), node('b', 'a'), node('c', 'b'), {
  ...node('v', 'b'),
  type: 'VISUALIZATION'
});

const STEP = { operator: 'new', parameters: { column: 'é' } };
const named = (id: string) => () => id;

function reads(flow: FlowText): Record<string, string[]> {
  return Object.fromEntries(
    flow.nodes.map(each => [each.node_id, each.inputs.map(given => given.node_id)])
  );
}

/** The text that the splices of a flow lead to. */
function followed(from: string, flow: FlowText): string {
  return flow.splices.reduce(
    (whole, { start, end, text: added }) => whole.slice(0, start) + added + whole.slice(end),
    from
  );
}

describe('a flow text', () => {
  it('keeps what is not touched byte for byte', () => {
    const added = addStep(FlowText.parse(CHAIN), STEP, [{ node: 'c' }], named('n')).flow;
    expect(added.text.startsWith(CHAIN.slice(0, CHAIN.lastIndexOf('\n  ]')))).toBe(true);
    expect(deleteNode(added, 'n').text).toBe(CHAIN);
    expect(followed(CHAIN, added)).toBe(added.text);
  });

  it('writes as the file is written', () => {
    for (const real of REAL) {
      const flow = FlowText.parse(real);
      const last = flow.nodes[flow.nodes.length - 1];
      const removed = flow.remove(last.node_id);
      // Python writes what it reads in the same style: the node as it was is the node again.
      expect(removed.append(JSON.parse(flow.raw(last.node_id))).text).toBe(real);
    }
  });

  it('takes each part of a file in one line apart', () => {
    const compact = JSON.stringify({
      metadata: { version: 1 },
      nodes: [node('s'), node('a', 's')]
    });
    const flow = FlowText.parse(compact);
    expect(flow.style).toMatchObject({ indent: null, comma: ',', colon: ':' });
    expect(deleteNode(addAfter(flow, STEP, { node: 's' }).flow, 'a').nodes.length).toBe(2);
    expect(JSON.parse(flow.remove('s').remove('a').append(flow.node('a')).text).nodes.length).toBe(
      1
    );
  });

  it('escapes what the file escapes', () => {
    const flow = addStep(FlowText.parse(CHAIN), STEP, [{ node: 'c' }], named('n')).flow;
    expect(flow.text).toContain('"column": "\\u00e9"');
    const open = FlowText.parse(CHAIN.replace('step a', 'stép a'));
    expect(addStep(open, STEP, [{ node: 'c' }]).flow.text).toContain('"column": "é"');
  });

  it('says why a text is no flow', () => {
    for (const wrong of ['', '{', '[]', 'null', '{"nodes": 1}', '{"nodes": [{"node_id": 1}]}']) {
      expect(() => FlowText.parse(wrong)).toThrow(FlowTextError);
    }
    const odd = [
      { inputs: {} },
      { inputs: [null] },
      { inputs: [{ name: 'df' }] },
      { outputs: {} },
      { outputs: ['default'] },
      { studio_disabled: true },
      { studio_disabled: null }
    ];
    for (const members of odd) {
      const wrong = text(node('s'), { ...node('a', 's'), ...members });
      expect(() => FlowText.parse(wrong)).toThrow('its node a is not as nodes are');
    }
  });

  it('takes what goes without saying as said', () => {
    const bare = { node_id: 's', type: 'SOURCE', operator: 'o', inputs: null, outputs: [{}] };
    expect(FlowText.parse(text(bare)).node('s')).toMatchObject({
      parameters: {},
      inputs: [],
      outputs: [{ name: 'default' }]
    });
  });
});

describe('steps', () => {
  const flow = FlowText.parse(CHAIN);

  it('are added before the steps that follow, not before analyses', () => {
    expect(reads(addAfter(flow, STEP, { node: 'b' }, [], named('n')).flow)).toMatchObject({
      n: ['b'],
      c: ['n'],
      v: ['b']
    });
  });

  it('are added beside them', () => {
    const added = addStep(flow, STEP, [{ node: 'a' }, { node: 'c' }], named('n')).flow;
    expect(reads(added)).toMatchObject({ n: ['a', 'c'], b: ['a'] });
    expect(added.node('n').inputs.map(given => given.name)).toEqual(['df', 'df_1']);
  });

  it('are inserted between two', () => {
    const put = insertBetween(flow, STEP, { node: 'b' }, 'v', named('n')).flow;
    expect(reads(put)).toMatchObject({ n: ['b'], v: ['n'], c: ['b'] });
  });

  it('follow the part of a split that they are added to', () => {
    const parts = { ...STEP, outputs: ['Train', 'Test'] };
    const split = addAfter(flow, parts, { node: 'a' }, [], named('n')).flow;
    expect(split.node('b').inputs[0]).toMatchObject({ node_id: 'n', output_name: 'Train' });
    const tested = addAfter(split, STEP, { node: 'n', output: 'Test' }, [], named('t')).flow;
    expect(reads(tested)).toMatchObject({ t: ['n'], b: ['n'] });
    expect(tested.node('t').inputs[0].output_name).toBe('Test');
  });

  it('follow the first part where what reads it calls it the default one', () => {
    const parts = [{ name: 'Train' }, { name: 'Test' }];
    const split = FlowText.parse(
      text(node('s'), { ...node('p', 's'), outputs: parts }, node('a', 'p'))
    );
    expect(placeOf(split, 'p')).toEqual({ node: 'p', output: 'Train' });
    expect(placeOf(split, 'p', 'default')).toEqual({ node: 'p', output: 'Train' });
    expect(placeOf(split, 'p', 'Test')).toEqual({ node: 'p', output: 'Test' });
    expect(placeOf(split, 's', 'default')).toEqual({ node: 's' });
    for (const put of [
      addAfter(split, STEP, { node: 'p', output: 'Train' }, [], named('n')).flow,
      insertBetween(split, STEP, { node: 'p', output: 'Train' }, 'a', named('n')).flow,
      addAfter(split, STEP, { node: 'p', output: 'default' }, [], named('n')).flow
    ]) {
      expect(put.node('n').inputs[0]).toMatchObject({ node_id: 'p', output_name: 'Train' });
      expect(put.node('a').inputs[0].node_id).toBe('n');
    }
    const tested = addAfter(split, STEP, { node: 'p', output: 'Test' }, [], named('n')).flow;
    expect(tested.node('a').inputs[0].node_id).toBe('p');
  });

  it('are deleted and what they were between is joined', () => {
    expect(reads(deleteNode(flow, 'b'))).toEqual({ s: [], a: ['s'], c: ['a'], v: ['a'] });
  });

  it('of a deleted source go with it; a join loses a side', () => {
    const two = FlowText.parse(
      text(node('s'), node('t'), node('a', 's'), node('j', 'a', 't'), node('z', 'j'))
    );
    expect(dependents(two, 's').map(each => each.node_id)).toEqual(['s', 'a']);
    expect(reads(deleteNode(two, 's'))).toEqual({ t: [], j: ['t'], z: ['j'] });
  });

  it('are copied with all that they have learned, to the last digit', () => {
    const copied = duplicate(flow, 'b', named('n')).flow;
    expect(copied.raw('n')).toBe(flow.raw('b').replace('"b"', '"n"'));
    expect(reads(copied)).toMatchObject({ n: ['a'], c: ['b'] });
  });

  it('change places, and all that follows reads the second', () => {
    expect(reads(moveStep(flow, 'b', 'up'))).toMatchObject({
      b: ['s'],
      a: ['b'],
      c: ['a'],
      v: ['a']
    });
    expect(moveStep(flow, 'a', 'down').text).toBe(moveStep(flow, 'b', 'up').text);
    expect(neighbour(flow, 'a', 'up')).toBeNull();
    expect(neighbour(flow, 'c', 'down')).toBeNull();
    expect(moveStep(flow, 'a', 'up')).toBe(flow);
  });

  it('are put behind any other', () => {
    expect(reads(moveAfter(flow, 'a', { node: 'c' }))).toMatchObject({
      b: ['s'],
      c: ['b'],
      a: ['c']
    });
    expect(reads(moveAfter(flow, 'c', { node: 's' }))).toMatchObject({ c: ['s'], a: ['c'] });
    expect(() => moveAfter(flow, 's', { node: 'c' })).toThrow(FlowTextError);
  });

  it('are replaced, and forget what they have learned', () => {
    const learned = flow.set('a', 'trained_parameters', { mean: 1 });
    expect(replaceStep(learned, 'a', STEP).node('a')).toMatchObject(STEP);
    expect(replaceStep(learned, 'a', STEP).node('a').trained_parameters).toBeUndefined();
    const same = { ...flow.node('a'), outputs: ['default'] };
    expect(replaceStep(learned, 'a', same)).toBe(learned);
    const parts = replaceStep(flow, 'a', { ...STEP, outputs: ['Train', 'Test'] });
    expect(parts.node('a').outputs.map(each => each.name)).toEqual(['Train', 'Test']);
  });

  it('are renamed', () => {
    expect(rename(flow, 'a', ' Mine ').node('a').name).toBe('Mine');
    expect(rename(rename(flow, 'a', 'Mine'), 'a', '').text).toBe(CHAIN);
    const source = rename(flow, 's', 'customers');
    expect(source.text).toBe(CHAIN.replace('"name": "s"', '"name": "customers"'));
    expect(rename(flow, 'v', 'Ages').node('v').parameters.name).toBe('Ages');
  });

  it('read another table', () => {
    expect(reads(connect(flow, 'c', 0, { node: 'a' }))).toMatchObject({ c: ['a'] });
    expect(reads(connect(flow, 'c', 1, { node: 's' }))).toMatchObject({ c: ['b', 's'] });
  });
});

describe('a step that is switched off', () => {
  const flow = FlowText.parse(text(node('s'), node('t'), node('j', 's', 't'), node('a', 'j')));

  it('passes on what it reads first', () => {
    const off = disable(flow, 'j').node('j');
    expect(off).toMatchObject({ type: 'TRANSFORM', operator: 'sagemaker.spark.identity_0.1' });
    expect(off.inputs.map(given => given.node_id)).toEqual(['s']);
    expect(off.studio_disabled).toMatchObject({ operator: 'sagemaker.spark.manage_columns_0.1' });
  });

  it('is what it was when it is switched on, byte for byte', () => {
    for (const id of ['j', 'a']) {
      expect(enable(disable(flow, id), id).text).toBe(flow.text);
    }
    for (const real of REAL) {
      for (const { node_id } of FlowText.parse(real).nodes) {
        expect(enable(disable(FlowText.parse(real), node_id), node_id).text).toBe(real);
      }
    }
  });

  it('loses a side that is deleted meanwhile', () => {
    expect(reads(enable(deleteNode(disable(flow, 'j'), 't'), 'j'))).toMatchObject({ j: ['s'] });
  });

  it('can be edited', () => {
    const edited = enable(replaceStep(disable(flow, 'a'), 'a', STEP), 'a');
    expect(edited.node('a')).toMatchObject({ ...STEP, type: 'TRANSFORM' });
  });
});

describe('the graph', () => {
  const flow = FlowText.parse(CHAIN);
  const ids = (nodes: { node_id: string }[]) => nodes.map(each => each.node_id);

  it('knows ways up and down', () => {
    expect(ids(upstream(flow, 'b'))).toEqual(['s', 'a', 'b']);
    expect(ids(downstream(flow, 'a'))).toEqual(['b', 'c', 'v']);
    expect(ids(readers(flow, 'b'))).toEqual(['c', 'v']);
  });

  it('knows where its longest way ends', () => {
    expect(endOf(flow)).toEqual({ node: 'c' });
    const short = text(node('s'), node('a', 's'), node('b', 'a'), node('t'), node('x', 't'));
    expect(endOf(FlowText.parse(short))).toEqual({ node: 'b' });
    const inserted = addAfter(flow, STEP, { node: 'a' }, [], named('n')).flow;
    expect(endOf(inserted)).toEqual({ node: 'c' });
    const parts = { ...STEP, outputs: ['Train', 'Test'] };
    const split = addAfter(flow, parts, { node: 'c' }, [], named('n')).flow;
    expect(endOf(split)).toEqual({ node: 'n', output: 'Train' });
    expect(endOf(FlowText.parse(text()))).toBeNull();
  });

  it('tells when rows may be others', () => {
    expect(dataKey(rename(flow, 'a', 'Mine'), 'b')).toBe(dataKey(flow, 'b'));
    expect(dataKey(replaceStep(flow, 'c', STEP), 'b')).toBe(dataKey(flow, 'b'));
    expect(dataKey(replaceStep(flow, 'a', STEP), 'b')).not.toBe(dataKey(flow, 'b'));
    expect(dataKey(flow, 'a')).not.toBe(dataKey(flow, 'b'));
  });
});
