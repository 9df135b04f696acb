/** Lab's editor on a step's code; loaded when the first code step is shown. */
import { autocompletion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { CodeEditor, IEditorServices } from '@jupyterlab/codeeditor';
import { completions } from '../code';
import { IFormColumn } from '../problems';
import { Language } from '../schema';

export interface IMountedEditor {
  /** Show other code than what was typed. */
  setCode(code: string): void;
  /** Mark the line that failed; null: none. */
  mark(failure: { line: number; message: string } | null): void;
  /** What describes the editor, and whether it is amiss, has changed. */
  describe(): void;
  dispose(): void;
}

export interface IEditorOptions {
  language: Language;
  code: string;
  label: string;
  /** What a screen reader is told of it now. */
  described: () => Record<string, string>;
  columns: () => readonly IFormColumn[];
  onChange: (code: string) => void;
}

const MIME_TYPES: Record<Language, string> = {
  python: 'text/x-ipython',
  sql: 'text/x-sql',
  expression: 'text/x-sql'
};

/** Put an editor into `host`. */
export function mountEditor(
  services: IEditorServices,
  host: HTMLElement,
  options: IEditorOptions
): IMountedEditor {
  const model = new CodeEditor.Model({ mimeType: MIME_TYPES[options.language] });
  model.sharedModel.setSource(options.code);
  const complete = (context: CompletionContext): CompletionResult | null => {
    const before = context.state.sliceDoc(0, context.pos);
    const found = completions(options.language, before, options.columns());
    return found && (context.explicit || found.isExpected)
      ? { from: found.from, options: found.options, validFor: /^[\w `]*$/ }
      : null;
  };
  const editor = services.factoryService.newInlineEditor({
    host,
    model,
    config: { lineNumbers: options.language !== 'expression', lineWrap: true },
    extensions: [
      autocompletion({ override: [complete], icons: false }),
      options.language === 'expression' ? [] : lintGutter(),
      EditorView.contentAttributes.of(() => ({
        'aria-label': options.label,
        ...options.described()
      }))
    ]
  });
  const changed = () => options.onChange(model.sharedModel.getSource());
  model.sharedModel.changed.connect(changed);
  // Lab's editor is one of CodeMirror's.
  const view = (editor as unknown as { editor: EditorView }).editor;
  return {
    setCode: code => {
      if (model.sharedModel.getSource() !== code) {
        model.sharedModel.setSource(code);
      }
    },
    mark: failure => {
      const { doc } = view.state;
      const line = failure && failure.line <= doc.lines ? doc.line(failure.line) : null;
      const diagnostics =
        failure && line
          ? [{ from: line.from, to: line.to, severity: 'error' as const, message: failure.message }]
          : [];
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    // Attributes are asked for whenever anything is dispatched.
    describe: () => view.dispatch({}),
    dispose: () => {
      model.sharedModel.changed.disconnect(changed);
      editor.dispose();
      model.dispose();
    }
  };
}
