/* The view of a JobWidget; its state is the widget's, the clock is the browser's. */

const PARTS = `
  <div class="studio-job-head">
    <span class="studio-job-badge"></span>
    <span class="studio-job-name"></span>
    <span class="studio-job-secondary"></span>
    <span class="studio-job-time"></span>
    <button class="studio-job-stop" type="button">Stop</button>
  </div>
  <div class="studio-job-progress" role="progressbar" aria-label="Training progress">
    <div class="studio-job-bar"></div><span class="studio-job-step"></span>
  </div>
  <dl class="studio-job-metrics"></dl>
  <pre class="studio-job-log" tabindex="0" aria-label="End of the log"></pre>
  <div class="studio-job-message" role="status"></div>`;

const TONES = { Completed: 'good', Failed: 'bad', Stopped: 'still', Stopping: 'still' };

function elapsed(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const pad = n => String(n).padStart(2, '0');
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  if (h) return `${h}h ${pad(m)}m`;
  return m ? `${m}m ${pad(s % 60)}s` : `${s}s`;
}

function metricRow({ name, value }) {
  const [row, term, detail] = ['div', 'dt', 'dd'].map(tag => document.createElement(tag));
  term.textContent = name;
  detail.textContent = value;
  row.append(term, detail);
  return row;
}

function render({ model, el }) {
  el.classList.add('studio-job');
  el.innerHTML = PARTS;
  const part = name => el.querySelector(`.studio-job-${name}`);
  const running = () => model.get('status') && !model.get('ended');

  const showClock = () => {
    const [started, ended] = [model.get('started'), model.get('ended')];
    part('time').textContent = started ? elapsed((ended || Date.now() / 1000) - started) : '';
  };

  const showStatus = () => {
    const status = model.get('status');
    part('badge').textContent = status === 'InProgress' ? 'In progress' : status || 'Reading…';
    part('badge').dataset.tone = TONES[status] || 'busy';
    part('name').textContent = model.get('name');
    part('secondary').textContent = running() ? model.get('secondary_status') : '';
    part('stop').hidden = !running();
    part('stop').disabled = status === 'Stopping';
    part('stop').setAttribute('aria-label', `Stop training job ${model.get('name')}`);
    showClock();
  };

  const showProgress = () => {
    const [step, total] = [model.get('step'), model.get('total')];
    const bar = part('progress');
    bar.hidden = !step;
    part('bar').style.width = total ? `${Math.min(100, (100 * step) / total)}%` : '0';
    part('step').textContent = total ? `${step} of ${total}` : `${step}`;
    bar.setAttribute('aria-valuenow', step);
    if (total) bar.setAttribute('aria-valuemax', total);
  };

  const showMetrics = () => {
    part('metrics').hidden = !model.get('metrics').length;
    part('metrics').replaceChildren(...model.get('metrics').map(metricRow));
  };

  const showLog = () => {
    part('log').hidden = !model.get('log').length;
    part('log').textContent = model.get('log').join('\n');
    part('log').scrollTop = part('log').scrollHeight;
  };

  const showMessage = () => {
    const error = model.get('error');
    const failed = model.get('status') === 'Failed';
    part('message').textContent = error || (failed ? model.get('message') : '');
    part('message').hidden = !part('message').textContent;
  };

  part('stop').addEventListener('click', () => {
    part('stop').disabled = true;
    model.send({ do: 'stop' });
  });

  const views = [
    ['change:name change:status change:secondary_status change:started change:ended', showStatus],
    ['change:step change:total', showProgress],
    ['change:metrics', showMetrics],
    ['change:log', showLog],
    ['change:error change:status change:message', showMessage],
  ];
  for (const [events, view] of views) {
    view();
    events.split(' ').forEach(event => model.on(event, view));
  }
  const clock = setInterval(showClock, 1000);
  model.send({ do: 'refresh' });

  return () => {
    clearInterval(clock);
    for (const [events, view] of views) {
      events.split(' ').forEach(event => model.off(event, view));
    }
  };
}

export default { render };
