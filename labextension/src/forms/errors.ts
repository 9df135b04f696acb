import { ErrorSchema } from '@rjsf/utils';

/** The form field that stands for each member of a request. */
export type FieldNames = { [member: string]: string };

/**
 * The field that a refusal is about: that of the member its message names; of several members
 * the longest, as it is the most particular.
 */
export function fieldOf(message: string, names: FieldNames): string | undefined {
  const text = message.toLowerCase();
  const named = Object.keys(names).filter(member =>
    new RegExp(`\\b${member.toLowerCase()}\\b`).test(text)
  );
  named.sort((a, b) => b.length - a.length);
  return named.length ? names[named[0]] : undefined;
}

/** The refusal as the form shows it, at its field. */
export function fieldErrors(field: string, message: string): ErrorSchema {
  return { [field]: { __errors: [message] } } as ErrorSchema;
}
