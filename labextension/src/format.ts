/** How things are said to people: times, sizes, status words. */

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60]
];

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** "just now", "5 minutes ago", "yesterday"; arguments in epoch seconds. */
export function formatRelative(time: number, now: number): string {
  const age = now - time;
  for (const [unit, seconds] of UNITS) {
    if (Math.abs(age) >= seconds) {
      return relative.format(-Math.trunc(age / seconds), unit);
    }
  }
  return 'just now';
}

/** The exact local time, for tooltips. */
export function formatExact(time: number): string {
  return new Date(time * 1000).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'long'
  });
}

/** "4 s", "2 min 5 s", "1 h 12 min". */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [
    Math.floor(total / 3600),
    Math.floor(total / 60) % 60,
    total % 60
  ];
  if (hours) {
    return `${hours} h ${minutes} min`;
  }
  return minutes ? `${minutes} min ${rest} s` : `${rest} s`;
}

/** A number for reading: up to four significant digits. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 4 });
}

/** "InProgress" as "In progress"; runs of capitals such as "ML" stay. */
export function humanise(word: string): string {
  const spaced = word
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2');
  return spaced
    .split(' ')
    .map((part, index) =>
      index === 0 || part === part.toUpperCase() ? part : part[0].toLowerCase() + part.slice(1)
    )
    .join(' ');
}

/** "3 jobs", "1 job". */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** The last part of an S3 address. */
export function baseName(uri: string): string {
  return uri.replace(/\/+$/, '').split('/').pop() ?? uri;
}
