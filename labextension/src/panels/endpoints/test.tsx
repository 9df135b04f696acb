import React, { FormEvent, useState } from 'react';
import { IPrediction } from '../../api/client';
import { IDescribeEndpointOutput } from '../../api/types';
import { Copyable } from '../../components/Copyable';
import { ErrorBanner } from '../../components/Messages';
import { KeyValue } from '../../components/KeyValue';
import { useStudio } from '../../context';

const TYPES = ['text/csv', 'application/json', 'text/libsvm', 'application/jsonlines'];

const EXAMPLES: { [type: string]: string } = {
  'text/csv': 'One row per line, without a header: 35,1,0,999',
  'application/json': '[[35, 1, 0, 999]]',
  'text/libsvm': '0:35 1:1 3:999',
  'application/jsonlines': '{"features": [35, 1, 0, 999]}'
};

/** Sends one request to an endpoint and shows the answer. */
export function TestForm({ endpoint }: { endpoint: IDescribeEndpointOutput }): JSX.Element {
  const { client } = useStudio();
  const [contentType, setContentType] = useState(TYPES[0]);
  const [accept, setAccept] = useState('');
  const [variant, setVariant] = useState('');
  const [body, setBody] = useState('');
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<IPrediction | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const variants = (endpoint.ProductionVariants ?? []).map(({ VariantName }) => VariantName);
  // While it is updated an endpoint answers on; it does not before it was ever in service.
  const ready = ['InService', 'Updating', 'RollingBack', 'SystemUpdating'].includes(
    endpoint.EndpointStatus
  );

  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      setAnswer(
        await client.invoke({
          endpoint: endpoint.EndpointName,
          body,
          contentType,
          accept: accept || undefined,
          variant: variant || undefined
        })
      );
    } catch (reason) {
      setAnswer(null);
      setError(reason as Error);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send();
  };

  return (
    <div className="jp-studio-Test">
      <form onSubmit={submit} aria-label="Test request">
        <div className="jp-studio-Test-options">
          <Choice
            label="Content type"
            value={contentType}
            options={TYPES}
            onChange={setContentType}
          />
          <Choice
            label="Answer as"
            value={accept}
            options={['', 'text/csv', 'application/json']}
            empty="The model's choice"
            onChange={setAccept}
          />
          <Choice
            label="Variant"
            value={variant}
            options={['', ...variants]}
            empty="By weight"
            onChange={setVariant}
          />
        </div>
        <label className="jp-studio-Test-body">
          Request
          <textarea
            className="jp-studio-Input"
            data-testid="test-body"
            rows={8}
            spellCheck={false}
            value={body}
            placeholder={EXAMPLES[contentType]}
            onChange={event => setBody(event.target.value)}
            onKeyDown={event => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && ready && body) {
                event.preventDefault();
                void send();
              }
            }}
          />
        </label>
        <div className="jp-studio-Form-actions">
          <button
            type="submit"
            className="jp-studio-Button jp-mod-primary"
            data-testid="test-send"
            disabled={busy || !ready || !body}
          >
            {busy ? 'Sending…' : 'Send'}
          </button>
          <span className="jp-studio-Muted">
            {ready ? 'Ctrl Enter sends, too.' : 'The endpoint is not in service yet.'}
          </span>
        </div>
      </form>
      <div className="jp-studio-Test-answer" aria-live="polite">
        <ErrorBanner error={error} />
        {answer && <Answer answer={answer} />}
      </div>
    </div>
  );
}

function Answer({ answer }: { answer: IPrediction }): JSX.Element {
  return (
    <>
      <KeyValue
        testid="test-facts"
        items={[
          ['Status', String(answer.status)],
          ['Latency', `${answer.latency.toFixed(answer.latency < 10 ? 1 : 0)} ms`],
          ['Variant', answer.variant],
          ['Content type', answer.contentType]
        ]}
      />
      <div data-testid="test-answer">
        <Copyable multiline={true} text={pretty(answer)} label="answer" />
      </div>
    </>
  );
}

/** JSON with line breaks; anything else, and JSON that is none, as it came. */
function pretty({ body, contentType }: IPrediction): string {
  if (!contentType.includes('json')) {
    return body;
  }
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function Choice(props: {
  label: string;
  value: string;
  options: string[];
  empty?: string;
  onChange: (value: string) => void;
}): JSX.Element {
  return (
    <label>
      {props.label}
      <select
        className="jp-studio-Input"
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      >
        {props.options.map(option => (
          <option key={option} value={option}>
            {option || props.empty}
          </option>
        ))}
      </select>
    </label>
  );
}
