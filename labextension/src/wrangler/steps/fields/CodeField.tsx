import { IEditorServices } from '@jupyterlab/codeeditor';
import React, { createContext, useContext, useEffect, useRef, useState } from 'react';
import { lineOf } from '../code';
import { messagesAt } from '../problems';
import { Language } from '../schema';
import { IControlProps } from './common';
import { aria } from './Inputs';
import type { IMountedEditor } from './codeEditor';

/** Lab's editors; without them code is written in a plain field. */
export const EditorsContext = createContext<IEditorServices | null>(null);

/** Code in Lab's own editor, which completes names of columns and marks the line that failed. */
export function CodeField(props: IControlProps<string> & { language: Language }): JSX.Element {
  const services = useContext(EditorsContext);
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<IMountedEditor | null>(null);
  const [hasFailed, setFailed] = useState(false);
  const latest = useRef(props);
  latest.current = props;
  const { id, language } = props;

  useEffect(() => {
    if (!services || !host.current) {
      return;
    }
    const target = host.current;
    let mounted: IMountedEditor | null = null;
    let isGone = false;
    const mount = async () => {
      const { mountEditor } = await import('./codeEditor');
      if (isGone) {
        return;
      }
      mounted = mountEditor(services, target, {
        language,
        code: latest.current.value,
        label: latest.current.field.title,
        described: () => {
          const { describedBy, invalid } = latest.current;
          const about = [describedBy, `${id}-keys`].filter(Boolean).join(' ');
          return { 'aria-describedby': about, 'aria-invalid': String(invalid) };
        },
        columns: () => latest.current.form.columns.flatMap(each => each ?? []),
        onChange: code => latest.current.onChange(code)
      });
      setEditor(mounted);
    };
    mount().catch(error => {
      console.error('The editor cannot be shown.', error);
      setFailed(true);
    });
    return () => {
      isGone = true;
      mounted?.dispose();
    };
  }, [services, language, id]);

  useEffect(() => editor?.setCode(props.value), [editor, props.value]);

  const { describedBy, invalid } = props;
  useEffect(() => editor?.describe(), [editor, describedBy, invalid]);

  const message = messagesAt([...props.form.problems], props.path)[0] ?? '';
  useEffect(() => {
    const line = lineOf(message);
    editor?.mark(line ? { line, message } : null);
  }, [editor, message, props.value]);

  return services && !hasFailed ? (
    <>
      <div ref={host} className="jp-studio-Step-code" data-language={language} />
      <div id={`${id}-keys`} className="jp-studio-Step-help">
        Tab indents. To leave the editor, press Escape, then Tab.
      </div>
    </>
  ) : (
    <textarea
      {...aria(props)}
      aria-labelledby={`${id}-label`}
      className="jp-studio-Input jp-studio-Step-code"
      spellCheck={false}
      rows={6}
      value={props.value}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}
