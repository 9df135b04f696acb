import React from 'react';
import { IColumnProfile } from '../../api/types';
import { count, percent } from './format';
import { IProfiled } from './profiles';

/** Bars of frequent values in a header. */
const BARS = 12;

/** The shares of a column's rows that hold a value, an outlier, or none. */
export interface IQuality {
  readonly valid: number;
  readonly outliers: number;
  readonly missing: number;
}

export function qualityOf({ profile, rows }: IProfiled): IQuality {
  const { Missing: missing, Outliers: outliers } = profile;
  return { valid: Math.max(0, rows - missing - outliers), outliers, missing };
}

/** A column's quality in words. */
export function qualityText(profiled: IProfiled): string {
  const { valid, outliers, missing } = qualityOf(profiled);
  const { rows } = profiled;
  const unusual = outliers ? `, ${percent(outliers, rows)} outliers` : '';
  const where = profiled.sampled ? ` of the first ${count(rows)} rows` : '';
  return `${percent(valid, rows)} valid, ${percent(missing, rows)} missing${unusual}${where}`;
}

/** The heights of a column's bars: of its histogram, or of its most frequent values. */
export function barsOf(profile: IColumnProfile, most = BARS): readonly number[] {
  if (profile.Histogram) {
    return profile.Histogram.Counts;
  }
  return profile.Values.slice(0, most).map(value => value.Count);
}

/** Bars as one path, in a box of 1 by 1: a header has hundreds of them. */
export function barPath(counts: readonly number[]): string {
  const highest = Math.max(...counts, 1);
  const width = 1 / Math.max(1, counts.length);
  return counts
    .map((each, index) => {
      // What is there can be seen.
      const height = each ? Math.max(0.04, each / highest) : 0;
      const x = (index * width).toFixed(4);
      return height ? `M${x} 1V${(1 - height).toFixed(4)}h${(width * 0.88).toFixed(4)}V1z` : '';
    })
    .join('');
}

/** A small picture of what a column holds, and how much of it is missing. */
export function Distribution(props: {
  profiled: IProfiled | undefined;
  failed: boolean;
}): JSX.Element {
  const { profiled } = props;
  if (!profiled && props.failed) {
    return <div className="jp-studio-Grid-figures jp-studio-Muted">no figures</div>;
  }
  if (!profiled) {
    return <div className="jp-studio-Grid-figures jp-mod-loading" aria-hidden="true" />;
  }
  const bars = barsOf(profiled.profile);
  return (
    <div className="jp-studio-Grid-figures" title={titleOf(profiled)}>
      {bars.length ? (
        <Bars counts={bars} categorical={!profiled.profile.Histogram} />
      ) : (
        <span className="jp-studio-Grid-distinct">{count(profiled.profile.Distinct)} distinct</span>
      )}
      <QualityBar profiled={profiled} />
    </div>
  );
}

export function Bars(props: { counts: readonly number[]; categorical: boolean }): JSX.Element {
  return (
    <svg
      className={`jp-studio-Grid-bars${props.categorical ? ' jp-mod-categorical' : ''}`}
      viewBox="0 0 1 1"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={barPath(props.counts)} />
    </svg>
  );
}

export function QualityBar(props: { profiled: IProfiled }): JSX.Element {
  const quality = qualityOf(props.profiled);
  const part = (name: keyof IQuality) =>
    quality[name] > 0 && <span className={`jp-mod-${name}`} style={{ flexGrow: quality[name] }} />;
  return (
    <div className="jp-studio-Grid-quality" role="img" aria-label={qualityText(props.profiled)}>
      {part('valid')}
      {part('outliers')}
      {part('missing')}
    </div>
  );
}

function titleOf(profiled: IProfiled): string {
  const { profile } = profiled;
  const values = profile.Histogram
    ? ''
    : profile.Values.slice(0, 5)
        .map(({ Value, Count }) => `\n${Value}: ${percent(Count, profiled.rows)}`)
        .join('');
  return `${qualityText(profiled)}\n${count(profile.Distinct)} distinct${values}`;
}
