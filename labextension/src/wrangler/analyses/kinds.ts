/** How each analysis is worked with. */

/** The insights report: a page of its own, made by a run with progress. */
export const REPORT = 'data_insights_report';

/** Analyses that fit models or run code: they begin when they are asked to. */
const SLOW = new Set([
  REPORT,
  'quick_model',
  'target_leakage',
  'multicolinearity/lasso_feature_selection',
  'time_series/anomaly_detection',
  'time_series/seasonality_trend_decomposition',
  'custom'
]);

/** Whether an analysis is made anew at each change of its form. */
export function isLive(key: string): boolean {
  return !SLOW.has(key);
}
