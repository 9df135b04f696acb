import React, { ReactNode } from 'react';
import { IGetHomeResponse } from '../../api/types';
import { CommandIDs } from '../../commands';
import { Copyable } from '../../components/Copyable';
import { KeyValue } from '../../components/KeyValue';
import { ErrorBanner, Loading } from '../../components/Messages';
import { useStudio } from '../../context';
import { humanise } from '../../format';
import { useResource } from '../../hooks/useResource';

const CONNECT = '%load_ext studio_ext\n%studio connect';

/** The sidebar: what to do first, what is going on, and whether all is well. */
export function Home(props: { notebook: string | null }): JSX.Element {
  const home = useResource(
    'home',
    (studio, signal) => studio.client.call('Studio.GetHome', {}, signal),
    { kinds: ['training-job', 'processing-job', 'endpoint'], pause: 1000 }
  );
  return (
    <div className="jp-studio-Home" data-testid="home">
      <header>
        <h2>Studio</h2>
        {home.data && <span className="jp-studio-Muted">{home.data.Version}</span>}
      </header>
      <ErrorBanner error={home.error} title="Studio does not answer" onRetry={home.reload} />
      <Steps notebook={props.notebook} />
      {home.loading && <Loading />}
      {home.data && (
        <>
          <Counts home={home.data} />
          <Checks home={home.data} />
          <Connection home={home.data} />
        </>
      )}
    </div>
  );
}

function Steps(props: { notebook: string | null }): JSX.Element {
  return (
    <Part title="First steps">
      <ol className="jp-studio-Steps">
        <li>
          {props.notebook ? (
            <>
              Run the tutorial: real data, from table to predictions.
              <Open command={CommandIDs.openNotebook}>Open the notebook</Open>
            </>
          ) : (
            <>
              Open a notebook.
              <Open command="notebook:create-new">New notebook</Open>
            </>
          )}
        </li>
        <li>
          Kernels started here are connected: boto3 and the SageMaker SDK work on this machine. For
          the magics, and for other kernels:
          <Copyable multiline={true} text={CONNECT} label="code" />
        </li>
        <li>
          Train, and watch it live.
          <Open command={CommandIDs.openTraining}>Training</Open>
        </li>
        <li>
          Deploy the model and send it a request.
          <Open command={CommandIDs.openEndpoints}>Endpoints</Open>
        </li>
      </ol>
    </Part>
  );
}

function Open(props: { command: string; children: ReactNode }): JSX.Element {
  const studio = useStudio();
  return (
    <button className="jp-studio-Button" onClick={() => void studio.execute(props.command)}>
      {props.children}
    </button>
  );
}

function Counts({ home }: { home: IGetHomeResponse }): JSX.Element {
  return (
    <Part title="Now">
      <Count
        label="Training jobs"
        counts={home.Counts.TrainingJobs}
        command={CommandIDs.openTraining}
      />
      <Count label="Processing jobs" counts={home.Counts.ProcessingJobs} />
      <Count label="Endpoints" counts={home.Counts.Endpoints} command={CommandIDs.openEndpoints} />
    </Part>
  );
}

function Count(props: {
  label: string;
  counts: { [status: string]: number };
  /** Opens their list, where there is one. */
  command?: string;
}): JSX.Element {
  const studio = useStudio();
  const { label, counts, command } = props;
  const entries = Object.entries(counts).filter(([, count]) => count > 0);
  const words = entries.map(
    ([status, count]) => `${count.toLocaleString('en')} ${humanise(status).toLowerCase()}`
  );
  const content = (
    <>
      <strong>{label}</strong>
      <span>{words.length ? words.join(', ') : 'none yet'}</span>
    </>
  );
  const named = {
    className: 'jp-studio-Count',
    'data-testid': `count-${label.toLowerCase().replace(' ', '-')}`
  };
  return command === undefined ? (
    <div {...named}>{content}</div>
  ) : (
    <button {...named} onClick={() => void studio.execute(command, { view: 'list' })}>
      {content}
    </button>
  );
}

const MARKS = { ok: '✓', warning: '!', error: '✕' };

function Checks({ home }: { home: IGetHomeResponse }): JSX.Element | null {
  if (!home.Checks.length) {
    return null;
  }
  return (
    <Part title="Health">
      <ul className="jp-studio-Checks" data-testid="checks">
        {home.Checks.map(check => (
          <li key={check.Name} className={`jp-mod-${check.Status}`}>
            <span role="img" aria-label={check.Status}>
              {MARKS[check.Status] ?? '?'}
            </span>
            <div>
              {check.Name}
              <div className="jp-studio-Muted">{check.Message}</div>
            </div>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Connection({ home }: { home: IGetHomeResponse }): JSX.Element {
  return (
    <Part title="Connection">
      <KeyValue
        items={[
          ['Endpoint URL', <Copyable key="url" text={home.EndpointUrl} label="endpoint URL" />],
          ['Region', home.Region],
          ['Bucket', <Copyable key="bucket" text={home.DefaultBucket} label="bucket" />],
          ['Role', <Copyable key="role" text={home.Role} label="role" />],
          ['Home', <Copyable key="home" text={home.Home} label="home folder" />]
        ]}
      />
    </Part>
  );
}

function Part(props: { title: string; children: ReactNode }): JSX.Element {
  return (
    <section>
      <h3>{props.title}</h3>
      {props.children}
    </section>
  );
}
