import { RJSFValidationError } from '@rjsf/utils';

/** Names of SageMaker's resources. */
export const NAME_PATTERN = '^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$';

export const S3_PATTERN = '^s3://[^/]+(/.*)?$';

/** What to do about a value that does not match. */
const ADVICE: { [pattern: string]: string } = {
  [NAME_PATTERN]: 'Use letters, digits and hyphens between them, at most 63.',
  [S3_PATTERN]: 'Write an S3 address, such as s3://bucket/folder.'
};

/** Errors of a form in words for people, without patterns. */
export function explain(errors: RJSFValidationError[]): RJSFValidationError[] {
  return errors.map(error => {
    const advice = error.name === 'pattern' ? ADVICE[error.params?.pattern] : undefined;
    if (error.name === 'required') {
      return { ...error, message: 'This is needed.' };
    }
    return advice ? { ...error, message: advice } : error;
  });
}
